// What a person with a narrow window, or with assistive technology, would stumble over.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const axe = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

/** Neither the page nor anything in view is wider than the window, but for code, which scrolls by itself. */
export async function fits(page, where) {
  const wide = await page.evaluate(() => {
    const at = document.documentElement.clientWidth
    const cuts = (one) => one.closest('bdi, .ellipsis')?.closest('.ellipsis') ?? one // a long name ends in …
    const over = [...document.querySelectorAll('body *')].filter((one) => {
      if (one.closest('pre, .said') || !one.checkVisibility()) return false
      const box = cuts(one).getBoundingClientRect()
      return box.right > at + 0.5 && box.width > 0 || (one.scrollWidth > one.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(one).overflowX))
    })
    return [document.documentElement.scrollWidth > at, ...over.slice(0, 5).map((one) => `${one.tagName}.${one.className}`)].filter(Boolean)
  })
  assert.deepEqual(wide, [], where)
}

/** No finding of axe that is serious or critical. */
export async function scan(page, where) {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe)
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
  const bad = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? one.help}`))
  assert.deepEqual(bad, [], where)
}
