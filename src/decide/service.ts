const SERVICES = new Map(['iMessage', 'SMS', 'RCS'].map((service) => [service.toLowerCase(), service]));

/** Linq's spelling for the known services whatever the case; others as they came. */
export function spellService(service: string): string {
  return SERVICES.get(service.toLowerCase()) ?? service;
}
