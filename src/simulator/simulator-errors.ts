/** Misuse of the simulator: an unknown chat, a bad option. The message says what to do instead. */
export class SimulatorError extends Error {
  readonly code = 'SIMULATOR_USAGE';
  override readonly name = 'SimulatorError';
}

/** Linq's published error codes that the simulated endpoints use: HTTP status and message. */
const ERRORS: Readonly<Record<number, readonly [status: number, message: string]>> = {
  1001: [400, 'A required field is missing'],
  1002: [400, 'Phone number is not in E.164 format'],
  1003: [400, 'Invalid request body'],
  1005: [400, 'Invalid parameter value'],
  1007: [429, 'Rate limited.'],
  2001: [404, 'Chat not found'],
  2004: [401, 'Unauthorized - missing or invalid authentication token'],
  2005: [403, 'Access denied - insufficient permissions for this resource'],
  2006: [403, 'Phone number does not belong to this account'],
  2008: [403, 'Recipient not allowed'],
  2009: [409, 'The chat is still being created'],
  2010: [404, 'Webhook subscription not found'],
  2011: [403, 'Feature not enabled'],
  2012: [404, 'Contact card not found'],
  2013: [409, 'This chat is unavailable'],
  2014: [409, 'Contact card already exists'],
  2015: [409, 'The request conflicts with the current state'],
  2016: [409, 'Not supported in group chats'],
  2017: [409, 'Not supported on this chat’s service'],
  2022: [500, 'Contact card setup failed'],
  2024: [403, 'Recipient has opted out'],
  2026: [403, 'Recipient is on the block list'],
  2027: [403, 'Phone number is not eligible to send'],
  3005: [504, 'Network timeout'],
  3006: [500, 'Internal server error'],
  4002: [500, 'Phone not available'],
  4004: [503, 'Service unavailable'],
};

/** Linq's most plausible code for a status, for faults that give only a status. */
const CODE_OF_STATUS: Readonly<Record<number, number>> = {
  400: 1005,
  401: 2004,
  403: 2005,
  404: 2001,
  409: 2015,
  429: 1007,
  500: 3006,
  503: 4004,
  504: 3005,
};

export const codeOfStatus = (status: number): number =>
  CODE_OF_STATUS[status] ?? (status >= 500 ? 3006 : 1005);
export const statusOfCode = (code: number): number => ERRORS[code]?.[0] ?? 500;

/** A refusal with one of Linq's codes; the server turns it into the error envelope. */
export class LinqError extends Error {
  readonly linqCode: number;
  /** Seconds to wait, sent in the response. */
  readonly retryAfter: number | null;
  /** @param detail what is wrong, for the simulator's user; the API responds with the code's own words */
  constructor(linqCode: number, { detail, retryAfter }: { detail?: string; retryAfter?: number } = {}) {
    super(detail ?? ERRORS[linqCode]?.[1] ?? 'Simulated error');
    this.linqCode = linqCode;
    this.retryAfter = retryAfter ?? null;
  }
}

export interface ErrorFacts {
  readonly code: number;
  readonly traceId: string;
  /** Default: the code's own status. */
  readonly status?: number;
  readonly message?: string;
  readonly retryAfter?: number | string;
}

/** The error envelope in its current shape; a numeric `retryAfter` is repeated in the body as Linq does. */
export function errorEnvelope({ code, traceId, status, message, retryAfter }: ErrorFacts) {
  const seconds = typeof retryAfter === 'number' ? retryAfter : null;
  const hint = seconds === null ? '' : ` Try again in ${seconds} seconds.`;
  return {
    success: false,
    error: {
      status: status ?? statusOfCode(code),
      code,
      message: message ?? `${ERRORS[code]?.[1] ?? 'Simulated error'}${hint}`,
      ...(seconds === null ? {} : { retry_after: seconds }),
      doc_url: `https://docs.linqapp.com/error/codes/${Math.floor(code / 1000)}xxx/${code}/`,
    },
    trace_id: traceId,
  };
}
