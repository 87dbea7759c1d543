/** The city's configuration, as the case store reads it. */
import type { Config } from '../../config/load.js';
import type { CaseRules } from './services.js';

/** Guards that no city has had a reason to change. */
const COMMANDS_PER_HOUR = 5;
const MESSAGES_PER_HOUR = 20;
const INGEST_ATTEMPTS = 3;

export function caseRules(config: Config): CaseRules {
  const opds = new Map(config.opds.map((opd) => [opd.id, opd.shortName]));
  const emergency = wordsPattern(config.emergency.words);
  const { enabled, maxPerSenderPerDay, maxPerUnprovenSenderPerDay } = config.acknowledgement;
  return {
    moves: config.sop.moves,
    threading: config.threading,
    calendar: config.calendar,
    promisedDays: config.deadlines.answerWorkingDays,
    objectionDays: config.closing.objectionDays,
    limits: {
      commandsPerHour: COMMANDS_PER_HOUR,
      acknowledgementsPerDay: enabled ? maxPerSenderPerDay : 0,
      unprovenAcknowledgementsPerDay: enabled ? Math.min(maxPerUnprovenSenderPerDay, maxPerSenderPerDay) : 0,
      messagesPerHour: MESSAGES_PER_HOUR,
      ingestAttempts: INGEST_ATTEMPTS,
    },
    channelIds: new Set(config.channels.map((channel) => channel.id)),
    emergencyNumber: config.emergency.number,
    isEmergency: (text) => emergency?.test(text) ?? false,
    opdName: (id) => opds.get(id),
  };
}

/** Whole words in any case; several words of one entry stand one after the other. */
function wordsPattern(words: readonly string[]): RegExp | null {
  if (words.length === 0) return null;
  const entries = words.map((entry) =>
    entry
      .split(/\s+/)
      .map((word) => escapeWord(word))
      .join('\\s+'),
  );
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${entries.join('|')})(?![\\p{L}\\p{N}])`, 'iu');
}

function escapeWord(word: string): string {
  return word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
