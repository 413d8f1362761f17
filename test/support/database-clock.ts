import pg from 'pg';

/** The clock of one database, for all sessions that begin later: `now()` and `clock_timestamp()` say what the test wants. */
export class DatabaseClock {
  private constructor(private readonly url: string) {}

  static async of(url: string): Promise<DatabaseClock> {
    const clock = new DatabaseClock(url);
    const moved = (name: string): string => `
      CREATE FUNCTION public.${name}() RETURNS timestamptz LANGUAGE sql STABLE AS
      $$ SELECT pg_catalog.${name}() + ahead_ms * interval '1 millisecond' FROM public.test_clock $$;`;
    await clock.run(`
      CREATE TABLE public.test_clock AS SELECT 0::bigint AS ahead_ms;
      ${moved('now')}
      ${moved('clock_timestamp')}
      ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = public, pg_catalog`);
    return clock;
  }

  /** @param aheadMs of the true time; negative where it is behind */
  async set(aheadMs: number): Promise<void> {
    await this.run(`UPDATE public.test_clock SET ahead_ms = ${aheadMs}`);
  }

  private async run(statements: string): Promise<void> {
    const client = new pg.Client(this.url);
    await client.connect();
    await client.query(statements);
    await client.end();
  }
}
