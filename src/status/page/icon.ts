/** The favicon: the same card with a person as in the pages' header. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect x="1" y="1" width="22" height="22" rx="6.5" fill="#4f46e5"/><circle cx="12" cy="9.6" r="3.4" fill="#fff"/><path d="M5.8 18.6c1-3 3.4-4.4 6.2-4.4s5.2 1.4 6.2 4.4" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>
`;
