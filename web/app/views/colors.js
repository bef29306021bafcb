/** The names of the people's colours, as the server knows them; style/tokens.css has the values. */
export const COLORS = ['rose', 'orange', 'amber', 'olive', 'green', 'jade', 'teal', 'sky', 'blue', 'violet', 'magenta', 'pink']

/** @param {string} color */
export function colorClass(color) {
  return COLORS.includes(color) ? `c-${color}` : ''
}
