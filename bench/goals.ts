import { figure, table } from './markdown.ts';

/** What the gateway is to reach; less is better unless told otherwise. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  /** Empty for a plain number. */
  readonly unit: '×' | 's' | 'MB' | '%' | '';
  readonly must: number;
  readonly moonshot: number;
  readonly isLeast?: boolean;
}

export function goalTable(goals: readonly Goal[]): string {
  return table(
    ['what', 'measured', 'must', 'moonshot', ''],
    goals.map((goal) => {
      const { what, measured, unit, must, moonshot, isLeast = false } = goal;
      const sign = isLeast ? '≥' : '≤';
      const tell = (value: string): string =>
        unit === 's' || unit === 'MB' ? `${value} ${unit}` : value + unit;
      return [
        what,
        tell(figure(measured)),
        `${sign} ${tell(String(must))}`,
        `${sign} ${tell(String(moonshot))}`,
        verdictOn(goal),
      ];
    }),
  );
}

export function verdictOn({ measured, must, moonshot, isLeast = false }: Goal): string {
  const reaches = (limit: number): boolean => (isLeast ? measured >= limit : measured <= limit);
  if (reaches(moonshot)) return 'moonshot';
  return reaches(must) ? 'reached' : 'missed';
}
