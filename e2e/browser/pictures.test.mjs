import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECRETS, hugePng, jpegPhoto, pngPhoto, webpPhoto } from '../../web/test/photos.mjs'
import { eventually, newPerson, openBrowser } from './people.mjs'
import { scan } from './scan.mjs'
import { startServer } from './server.mjs'

const KINDS = { jpeg: jpegPhoto, png: pngPhoto, webp: webpPhoto }

/** Ana and Ben in the first room, each with a browser. */
async function together(t, options) {
  const server = await startServer(t)
  const owner = await server.owner()
  const browser = await openBrowser(t)
  const ana = await newPerson(t, browser, options)
  await ana.signIn(server.url, owner.handle, owner.password)
  await ana.composer.waitFor()
  const ben = await newPerson(t, browser, options)
  await ben.arrive(await server.invite(), 'Ben')
  return { server, owner, ana, ben, page: ana.page }
}

test('photos', async (t) => {
  const { server, owner, ana, ben, page } = await together(t)

  await t.test('others get no place and no camera, and the same picture the same way up', async () => {
    for (const [kind, make] of Object.entries(KINDS)) {
      const photo = make({ orientation: 6 })
      await ana.attach({ name: `trip.${kind}`, mimeType: `image/${kind}`, buffer: photo })
      await page.getByText('Location removed').waitFor()
      await page.getByRole('button', { name: `Remove trip.${kind}` }).waitFor()
      await ana.write(kind)
      await ben.sent(kind).getByRole('img', { name: `trip.${kind}` }).waitFor()
      const got = await bytesOf(server, owner, kind)
      for (const secret of SECRETS) assert.ok(!got.includes(secret), `${kind}: what others get has ${secret}`)
      assert.ok(photo.includes('PhoneMaker'), 'or this test shows nothing')
      const want = await points(page, photo, `image/${kind}`)
      assert.deepEqual(await points(page, got, `image/${kind}`), want)
      if (kind === 'jpeg') assert.deepEqual([want.width, want.height], [8, 16], 'turned by what it says of its way up')
    }
  })

  await t.test('who wants to keep the place can', async () => {
    const toggle = async () => {
      await page.getByRole('button', { name: /^You: / }).click()
      await page.getByRole('menuitemcheckbox', { name: 'Remove location from photos' }).click()
    }
    await toggle()
    const photo = jpegPhoto()
    await ana.attach({ name: 'kept.jpeg', mimeType: 'image/jpeg', buffer: photo })
    await page.getByRole('button', { name: 'Remove kept.jpeg' }).waitFor()
    assert.equal(await page.getByText('Location removed').count(), 0)
    await ana.write('with its place')
    await ana.sent('with its place').waitFor()
    assert.ok((await bytesOf(server, owner, 'with its place')).equals(photo))
    await toggle()
  })

  await t.test('one that cannot be cleaned says so', async () => {
    await ana.attach({ name: 'torn.jpeg', mimeType: 'image/jpeg', buffer: jpegPhoto().subarray(0, 60) })
    await page.getByText('A location in it would stay').waitFor()
    await page.getByRole('button', { name: /^(Remove|Cancel) torn/ }).click()
  })

  await t.test('one that says it has 65535 points each way goes up as it is, and is a card', async () => {
    const huge = hugePng()
    await ana.attach({ name: 'huge.png', mimeType: 'image/png', buffer: huge })
    await page.getByRole('button', { name: 'Remove huge.png' }).waitFor()
    await ana.write('as large as a house')
    await ben.sent('as large as a house').getByLabel('Download huge.png').waitFor()
    assert.equal(await ben.sent('as large as a house').getByRole('img').count(), 0)
    assert.ok((await bytesOf(server, owner, 'as large as a house')).equals(huge))
  })

  await t.test('its preview comes with the message: to be seen before the picture, and nothing moves', async () => {
    await ana.attach({ name: 'wide.jpeg', mimeType: 'image/jpeg', buffer: await scene(page, 900, 600) })
    await page.getByRole('button', { name: 'Remove wide.jpeg' }).waitFor()
    await ana.write('the view')
    await ben.sent('the view').waitFor()
    const { preview, width, height } = (await bodyOf(server, owner, 'the view')).files[0]
    assert.match(preview, /^data:image\/jpeg;base64,/)
    assert.ok(preview.length < 1500, `a preview of ${preview.length} letters`)
    assert.deepEqual([width, height], [900, 600])

    let come
    const held = new Promise((resolve) => { come = resolve })
    await ben.page.route('**/files/*/wide.jpeg', async (route) => { await held; await route.continue() })
    await ben.page.addInitScript(() => {
      globalThis.moved = 0
      new PerformanceObserver((list) => { for (const shift of list.getEntries()) globalThis.moved += shift.value }).observe({ type: 'layout-shift', buffered: true })
    })
    await ben.page.reload()
    const row = ben.sent('the view')
    await eventually(() => row.locator('img.preview').evaluate((img) => img.complete && img.naturalWidth), 32, 'the preview is there')
    const shown = row.getByRole('img', { name: 'wide.jpeg' })
    assert.equal(await shown.evaluate((img) => img.naturalWidth), 0, 'or this test shows nothing')
    const box = await shown.boundingBox()
    const before = await ben.page.evaluate(() => globalThis.moved)
    come()
    await eventually(() => shown.evaluate((img) => img.complete && img.naturalWidth), 900, 'the picture is there')
    await row.locator('img.preview').waitFor({ state: 'detached' })
    assert.deepEqual(await shown.boundingBox(), box)
    assert.equal(await ben.page.evaluate(() => globalThis.moved), before, 'layout shift')
  })

  await t.test('one with holes has a preview with holes', async () => {
    const holes = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 100, height: 50 })
      canvas.getContext('2d').fillRect(0, 0, 50, 50)
      return canvas.toDataURL('image/png').split(',')[1]
    })
    await ana.attach({ name: 'holes.png', mimeType: 'image/png', buffer: Buffer.from(holes, 'base64') })
    await page.getByRole('button', { name: 'Remove holes.png' }).waitFor()
    await ana.write('holes')
    await ana.sent('holes').waitFor()
    assert.match((await bodyOf(server, owner, 'holes')).files[0].preview, /^data:image\/png;base64,/)
  })

  await t.test('words for it are its name for who does not see it', async () => {
    await ana.attach({ name: 'dog.jpeg', mimeType: 'image/jpeg', buffer: await scene(page, 60, 40) })
    await page.getByRole('button', { name: 'Remove dog.jpeg' }).waitFor()
    await page.getByLabel('Description of dog.jpeg').fill('A dog asleep on a red sofa')
    await page.getByLabel('Description of dog.jpeg').blur()
    await page.reload()
    await eventually(() => page.getByLabel('Description of dog.jpeg').inputValue(), 'A dog asleep on a red sofa', 'over a reload')
    await ana.write('look')
    const shown = ben.sent('look').getByRole('img', { name: 'A dog asleep on a red sofa' })
    await shown.waitFor()
    await shown.click()
    await ben.page.getByRole('dialog').getByText('A dog asleep on a red sofa').waitFor()
    await ben.page.keyboard.press('Escape')
  })
})

for (const { name, ...options } of [{ name: '1280 px' }, { name: '360 px, a finger', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }]) {
  test(`the lightbox: ${name}`, async (t) => {
    const server = await startServer(t)
    const owner = await server.owner()
    const ana = await newPerson(t, await openBrowser(t), options)
    const { page } = ana
    await ana.signIn(server.url, owner.handle, owner.password)
    if (options.isMobile) await page.getByRole('link', { name: /general/ }).click()
    await ana.composer.waitFor()
    const post = async (text, names) => {
      for (const one of names) await ana.attach({ name: one, mimeType: 'image/jpeg', buffer: await scene(page, 1200, 800) })
      for (const one of names) await page.getByRole('button', { name: `Remove ${one}` }).waitFor()
      await ana.composer.fill(text)
      await page.getByRole('button', { name: 'Send' }).click()
      await ana.sent(text).waitFor()
    }
    await post('first', ['one.jpeg', 'two.jpeg'])
    await post('then', ['three.jpeg'])
    const opener = page.getByRole('button', { name: 'Open two.jpeg' })
    const box = page.getByRole('dialog')
    const shows = (one) => box.getByRole('heading', { name: one }).waitFor()
    const scale = () => box.locator('.stage').getAttribute('data-scale').then(Number)

    await t.test('arrows move through the pictures of the room, up to its ends', async () => {
      await opener.click()
      await shows('two.jpeg')
      await eventually(() => box.getByRole('img', { name: 'two.jpeg' }).evaluate((img) => img.complete && img.naturalWidth), 1200, 'the original is there')
      await page.keyboard.press('ArrowRight')
      await shows('three.jpeg')
      assert.equal(await box.getByRole('button', { name: 'Picture after' }).count(), 0, 'this is the last')
      await page.keyboard.press('ArrowLeft')
      await page.keyboard.press('ArrowLeft')
      await shows('one.jpeg')
      assert.equal(await box.getByRole('button', { name: 'Picture before' }).count(), 0, 'this is the first')
      await box.getByRole('button', { name: 'Picture after' }).click()
      await shows('two.jpeg')
    })

    await t.test('keys, buttons, wheel and double click enlarge; it moves no further than its edge', async () => {
      assert.equal(await scale(), 1)
      await page.keyboard.press('+')
      await eventually(scale, 1.5, 'by +')
      await box.getByRole('button', { name: 'Larger' }).click()
      await eventually(scale, 2.25, 'by a button')
      await box.getByRole('button', { name: 'Smaller' }).click()
      await page.keyboard.press('-')
      await eventually(scale, 1, 'back')
      const { x, y, width, height } = await box.locator('.stage').boundingBox()
      if (!options.isMobile) {
        await page.mouse.move(x + width / 2, y + height / 2)
        await page.mouse.wheel(0, -500)
        await eventually(async () => (await scale()) > 2, true, 'by the wheel')
        await page.keyboard.press('0')
      }
      await box.locator('.stage').dblclick({ position: { x: width / 2, y: height / 2 } })
      await eventually(async () => (await scale()) >= 2, true, 'by a double click')
      const left = () => box.locator('.shown').boundingBox().then((b) => Math.round(b.x))
      const was = await left()
      await page.keyboard.press('Shift+ArrowLeft')
      await eventually(async () => (await left()) > was, true, 'moved')
      for (let i = 0; i < 40; i++) await page.keyboard.press('Shift+ArrowLeft')
      assert.equal(await left(), Math.round(x), 'its left edge stands at the left')
      await page.keyboard.press('0')
    })

    if (options.isMobile) {
      await t.test('two fingers enlarge, one turns the page', async () => {
        const touch = await fingers(page)
        await touch([[100, 300], [200, 300]], [[60, 300], [300, 300]])
        await eventually(async () => (await scale()) > 1.5, true, 'by a pinch')
        await page.keyboard.press('0')
        await eventually(scale, 1, 'back')
        await touch([[300, 300]], [[60, 300]])
        await shows('three.jpeg')
        await touch([[60, 300]], [[300, 300]])
        await shows('two.jpeg')
      })
    }

    await t.test('named for who does not see it; nothing to scroll sideways; download and the original', async () => {
      await scan(page, 'lightbox')
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'sideways')
      const [download] = await Promise.all([page.waitForEvent('download'), box.getByRole('link', { name: 'Download' }).click()])
      assert.equal(download.suggestedFilename(), 'two.jpeg')
      const original = box.getByRole('link', { name: 'Open original' })
      assert.deepEqual([await original.getAttribute('target'), await original.getAttribute('rel')], ['_blank', 'noopener'])
      // The focus stays inside, however far Tab goes.
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press('Tab')
        assert.ok(await page.evaluate(() => document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)), 'the focus left the lightbox')
      }
    })

    await t.test('Esc closes and gives the focus back', async () => {
      await page.keyboard.press('Escape')
      await box.waitFor({ state: 'detached' })
      await eventually(() => opener.evaluate((button) => document.activeElement === button), true, 'the focus is back')
    })

    await t.test('no answer of the storage, and a file that is gone: in words, with Retry', async () => {
      ana.expectErrors(/status of (503|404)/)
      const refuse = (status) => (route) => route.fulfill({ status, body: '' })
      await page.route('**/files/*/one.jpeg', refuse(503))
      await page.route('**/files/*/three.jpeg', refuse(404))
      await page.reload()
      if (options.isMobile && await page.getByRole('link', { name: /general/ }).isVisible()) await page.getByRole('link', { name: /general/ }).click()
      await ana.sent('then').getByText('This file is not here any more.').waitFor()
      const first = ana.sent('first')
      await first.getByText('The storage does not answer.').waitFor()
      await opener.click()
      await shows('two.jpeg')
      await page.keyboard.press('ArrowLeft')
      await box.getByText('The storage does not answer.').waitFor()
      await page.unroute('**/files/*/one.jpeg')
      await box.getByRole('button', { name: 'Retry one.jpeg' }).click()
      await eventually(() => box.getByRole('img', { name: 'one.jpeg' }).evaluate((img) => img.complete && img.naturalWidth), 1200, 'it comes')
      await page.keyboard.press('Escape')
      await first.getByRole('button', { name: 'Retry one.jpeg' }).click()
      await eventually(() => first.getByRole('img', { name: 'one.jpeg' }).evaluate((img) => img.complete && img.naturalWidth), 1200, 'it comes in the room too')
    })
  })
}

/** A JPEG that is not all of one colour. */
async function scene(page, width, height) {
  const base64 = await page.evaluate(([w, h]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h })
    const brush = canvas.getContext('2d')
    for (let i = 0; i < 12; i++) {
      brush.fillStyle = `hsl(${i * 30} 60% 50%)`
      brush.fillRect((i * w) / 12, 0, w / 12, h)
    }
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1]
  }, [width, height])
  return Buffer.from(base64, 'base64')
}

/** What a browser makes of a picture: its size, and its points in the corners of a small drawing. */
async function points(page, bytes, type) {
  return page.evaluate(async ([base64, type]) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type }))
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height })
    const brush = canvas.getContext('2d')
    brush.drawImage(image, 0, 0)
    return { width: image.width, height: image.height, data: [...brush.getImageData(0, 0, image.width, image.height).data] }
  }, [bytes.toString('base64'), type])
}

/** Fingers that go from some points to others. */
async function fingers(page) {
  const session = await page.context().newCDPSession(page)
  return async (from, to) => {
    const at = (k) => from.map(([x, y], id) => ({ x: x + (to[id][0] - x) * k, y: y + (to[id][1] - y) * k, id }))
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) })
    for (const k of [0.25, 0.5, 0.75, 1]) await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(k) })
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  }
}

async function bodyOf(server, { token }, text) {
  const { list } = await server.api('GET', '/rooms', undefined, token)
  const page = await server.api('GET', `/rooms/${list[0].room}/events?after=0&limit=200`, undefined, token)
  return page.list.find((event) => event.body.text === text).body
}

/** The bytes that others get. */
async function bytesOf(server, owner, text) {
  const { file, name } = (await bodyOf(server, owner, text)).files[0]
  const answer = await fetch(`${server.url}/files/${file}/${encodeURIComponent(name)}`, { headers: { Authorization: `Bearer ${owner.token}` } })
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}
