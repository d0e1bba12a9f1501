/** One of our own numbers as it may be shown and logged: `+12025550100` → `+1•••••0100`. */
export function maskNumber(number: string): string {
  return /^\+\d{8,15}$/.test(number) ? `${number.slice(0, 2)}•••••${number.slice(-4)}` : '•••••';
}
