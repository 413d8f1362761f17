const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = String.raw`(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60)`;
const SHORT_DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';

/** The three forms of an HTTP date (RFC 9110, section 5.6.7): IMF-fixdate, RFC 850, asctime. */
const DATE_FORMS = [
  String.raw`${SHORT_DAY}, (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} GMT`,
  String.raw`${LONG_DAY}, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} GMT`,
  String.raw`${SHORT_DAY} ${MONTH} (?<day>\d\d| \d) ${TIME} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/** More digits are more than three centuries: no wait, but a fault. */
const SECONDS = /^\d{1,10}$/;
const MAX_WAIT_MS = 3_600_000;

/**
 * Reads a `Retry-After` (RFC 9110, section 10.2.3): whole seconds, or an HTTP date.
 *
 * @param header as the response has it; a repeated one is no text
 * @returns how long to wait, in milliseconds: at most an hour, 0 for a date that is past; undefined for anything else
 */
export function retryAfterMs(header: unknown, now: number = Date.now()): number | undefined {
  if (typeof header !== 'string') return undefined;
  const waitMs = SECONDS.test(header) ? Number(header) * 1000 : untilMs(header, now);
  return waitMs === undefined ? undefined : Math.min(Math.max(waitMs, 0), MAX_WAIT_MS);
}

function untilMs(date: string, now: number): number | undefined {
  for (const form of DATE_FORMS) {
    const parts = form.exec(date)?.groups;
    if (!parts) continue;
    const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map((part) =>
      Number(parts[part]),
    );
    const year = parts['year']!.length === 2 ? yearOf(Number(parts['year']), now) : Number(parts['year']);
    const midnight = new Date(0);
    midnight.setUTCFullYear(year, MONTHS.indexOf(parts['month']!), day);
    // 31 February would be a day in March.
    if (midnight.getUTCDate() !== day) return undefined;
    return midnight.getTime() + ((hour! * 60 + minute!) * 60 + second!) * 1000 - now;
  }
  return undefined;
}

/** Two digits that seem to be more than 50 years in the future are the last such year that is past. */
function yearOf(twoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
