/**
 * Why a connection closed, in words, and whether coming back helps.
 * @type {Map<number, {retry: boolean, words: string}>}
 */
export const CLOSE_CODES = new Map([
  [1000, { retry: true, words: 'The connection was closed.' }],
  [1001, { retry: true, words: 'The server is going away.' }],
  [1002, { retry: false, words: 'The server did not understand this page. Reload it.' }],
  [1003, { retry: false, words: 'The server takes no binary messages. Reload the page.' }],
  [1006, { retry: true, words: 'The connection was lost.' }],
  [1007, { retry: false, words: 'This page sent text that is not valid. Reload it.' }],
  [1008, { retry: false, words: 'The server refused the connection by its rules.' }],
  [1009, { retry: false, words: 'A message was too big for the server.' }],
  [1011, { retry: true, words: 'The server had a fault.' }],
  [1012, { retry: true, words: 'The server is restarting.' }],
  [1013, { retry: true, words: 'The server is overloaded.' }],
  [4001, { retry: true, words: 'The connection took too long to start.' }],
  [4002, { retry: false, words: 'Your sign-in is not valid any more. Sign in again.' }],
  [4003, { retry: false, words: 'This account has been disabled.' }],
  [4004, { retry: false, words: 'Your session has ended. Sign in again.' }],
  [4005, { retry: false, words: 'This page is of another version than the server. Reload it.' }],
  [4008, { retry: true, words: 'The connection was too slow.' }],
  [4009, { retry: true, words: 'Too many requests at once. Waiting a little.' }],
  [4010, { retry: false, words: 'MiniChat is open in too many places. Close one and reload this page.' }],
])

/** @param {number} code @returns {{retry: boolean, words: string}} */
export function closeReason(code) {
  return CLOSE_CODES.get(code) ?? { retry: true, words: `The connection was closed (${code}).` }
}

/** @param {number} code */
export function closeWords(code) {
  return closeReason(code).words
}
