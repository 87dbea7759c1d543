import { getCountries, type CountryCode } from 'libphonenumber-js/max';
import { z } from 'zod';
import type { SmsProviderKind } from './provider.js';
import { twilioProvider } from './providers/twilio/twilio.js';

/** A new provider is one folder under `providers/` and one entry here. */
export const smsProviders: readonly SmsProviderKind[] = [twilioProvider];

export interface SmsSettings {
  /** Name of the provider behind the line. */
  readonly provider: string;
  /** The provider's own block, checked by its schema. */
  readonly block: unknown;
  /** Where numbers without a country code belong. */
  readonly region: CountryCode;
}

const countries = new Set<string>(getCountries());
const isCountry = (region: unknown): region is CountryCode => countries.has(String(region));

/**
 * `{ provider: twilio, twilio: {…}, android-gateway: {…} }`: only the chosen provider's block is read, so
 * that the others may stand beside it without their secrets.
 */
export const smsSettings: z.ZodType<SmsSettings> = z
  .custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null, {
    error: 'settings must be an object',
  })
  .transform((settings, context) => {
    const provider = smsProviders.find(({ name }) => name === settings['provider']);
    if (!provider) {
      const known = smsProviders.map(({ name }) => name).join(', ');
      const given = JSON.stringify(settings['provider']) ?? 'nothing';
      context.addIssue({
        code: 'custom',
        path: ['provider'],
        message: `there is no SMS provider ${given}; there is: ${known}`,
      });
      return z.NEVER;
    }
    const { region = 'ID' } = settings;
    if (!isCountry(region)) {
      context.addIssue({
        code: 'custom',
        path: ['region'],
        message: 'must be a country of ISO 3166-1, two letters',
      });
      return z.NEVER;
    }
    const block = provider.settings.safeParse(settings[provider.name]);
    if (!block.success) {
      for (const { path, message } of block.error.issues) {
        context.addIssue({ code: 'custom', path: [provider.name, ...path], message });
      }
      return z.NEVER;
    }
    return { provider: provider.name, block: block.data, region };
  });
