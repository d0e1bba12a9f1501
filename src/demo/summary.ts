import type { Member, Name } from './cast.ts';

/** How a chat fared: what the service says of it, and what Linq saw. */
export interface ChatSummary {
  readonly name: Name;
  readonly chatId: string;
  readonly service: Member['service'];
  readonly isGroup: boolean;
  /** By the service's count. */
  readonly shares: number;
  /** When Linq showed the other person the prompt. */
  readonly promptedAt: readonly string[];
  readonly state: string | null;
  readonly reason: string | null;
}

export interface DemoReport {
  /** Every promise was kept. */
  readonly ok: boolean;
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Promises that were broken, as sentences. */
  readonly broken: readonly string[];
  readonly chats: readonly ChatSummary[];
}

const HEAD = ['chat', 'service', 'shares', 'prompts', 'state', 'reason'] as const;
const NUMERIC: ReadonlySet<string> = new Set(['shares', 'prompts']);

/** A table of less than 80 columns, one chat a line. */
export function tabulate(chats: readonly ChatSummary[]): string {
  const rows = [
    HEAD,
    ...chats.map((chat) => [
      chat.name,
      chat.isGroup ? `${chat.service} group` : chat.service,
      String(chat.shares),
      String(chat.promptedAt.length),
      chat.state ?? '–',
      chat.reason ?? '–',
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0;
    return NUMERIC.has(HEAD[column] ?? '') ? text.padStart(width) : text.padEnd(width);
  };
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
