// What a test has begun ends in reverse order: people look for errors before
// their browser closes, and the server goes last.

/** @type {WeakMap<object, (() => unknown)[]>} */
const endings = new WeakMap()

/** @param {import('node:test').TestContext} t @param {() => unknown} end */
export function atEnd(t, end) {
  const known = endings.get(t)
  if (known) return void known.push(end)
  const all = [end]
  endings.set(t, all)
  t.after(async () => {
    const errors = []
    for (const one of all.reverse()) {
      try {
        await one()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length) throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.join('\n'))
  })
}
