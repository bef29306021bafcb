import type { h } from 'preact'
export * from 'preact'
export * from 'preact/hooks'
export * from '@preact/signals'
/** htm's own declaration is CommonJS, which hides its default export from a module. */
export declare const htm: { bind(create: typeof h): (strings: TemplateStringsArray, ...values: any[]) => any }
