/** The Date header (RFC 5322, 3.3, and what is found instead). It is the sender's claim and no more. */
const DATE =
  /(\d{1,2})[ -]+([a-z]{3})[a-z]*[ -]+(\d{4}|\d{2})[, ]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([+-]\d{4}|[a-z]{1,5})?/i;

/** English, and Indonesian where it differs. */
const MONTHS: Readonly<Record<string, number>> = {
  jan: 0,
  feb: 1,
  mar: 2,
  apr: 3,
  may: 4,
  mei: 4,
  jun: 5,
  jul: 6,
  aug: 7,
  agu: 7,
  agt: 7,
  sep: 8,
  oct: 9,
  okt: 9,
  nov: 10,
  dec: 11,
  des: 11,
};

/** Minutes east of Greenwich. Others count as UTC, as RFC 5322, 4.3 says of unknown zones. */
const ZONES: Readonly<Record<string, number>> = {
  wib: 420,
  wita: 480,
  wit: 540,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
};

/** Before it nobody sent mail to us; a mail of the future has a wrong clock, but zones may be mistaken. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const FUTURE_MS = 24 * 3_600_000;

/** RFC 3339, UTC; undefined where the header is missing, unreadable or absurd. */
export function sentAt(header: string | undefined, receivedAt: Date): string | undefined {
  const at = header === undefined ? undefined : parseDate(header.slice(0, 200));
  if (at === undefined || at < EARLIEST_MS || at > receivedAt.getTime() + FUTURE_MS) return undefined;
  return new Date(at).toISOString();
}

function parseDate(header: string): number | undefined {
  const [, day, name = '', year = '', hour, minute, second = '0', zone = ''] = DATE.exec(header) ?? [];
  const month = MONTHS[name.toLowerCase()];
  if (month === undefined) return undefined;
  const at = new Date(
    Date.UTC(fullYear(year), month, Number(day), Number(hour), Number(minute), Number(second)),
  );
  // The 31st of February, hour 27: nothing that can be believed.
  if (at.getUTCMonth() !== month || at.getUTCHours() !== Number(hour)) return undefined;
  return at.getTime() - offsetMinutes(zone) * 60_000;
}

/** RFC 5322, 4.3: two digits up to 49 are of this century. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length > 2) return year;
  return year < 50 ? 2000 + year : 1900 + year;
}

function offsetMinutes(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2})(\d{2})$/.exec(zone) ?? [];
  if (sign === undefined) return ZONES[zone.toLowerCase()] ?? 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
