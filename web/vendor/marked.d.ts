export { Marked, Lexer, lexer } from 'marked'
