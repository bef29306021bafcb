// PDFs of a few objects, written here: what a test needs stands in plain sight.
import { deflateSync } from 'node:zlib'

/**
 * A paper whose pages say their number. On the first a red square is at the top left, a blue one at the top right, and below the words
 * a note in rich text that is a green square.
 * @param {{pages?: number, width?: number, height?: number, padding?: number, catalog?: string, draw?: string}} [options]
 * padding: bytes that no page uses; catalog: more entries of the root; draw: the first page's content instead
 */
export function paper({ pages = 3, width = 595, height = 842, padding = 0, catalog = '', draw } = {}) {
  const squares = `1 0 0 rg 0 ${height - 100} 100 100 re f 0 0 1 rg ${width - 100} ${height - 100} 100 100 re f 0 0 0 rg`
  const [left, top] = [width / 2 - 50, height - 200]
  const note = `/Annots[<</Type/Annot/Subtype/FreeText/F 4/Rect[${left} ${top - 100} ${left + 100} ${top}]/Contents(a note)/RC(<body><p>a note</p></body>)/AP<</N 4 0 R>>>>]`
  const contents = Array.from({ length: pages }, (_, i) => (i === 0 && draw) || `${i === 0 ? squares : ''} BT /F 36 Tf 120 ${height - 70} Td (Page ${i + 1} of ${pages}) Tj ET`)
  const at = (i) => 5 + 2 * i
  return file([
    `<</Type/Catalog/Pages 2 0 R${catalog}>>`,
    `<</Type/Pages/Count ${pages}/Kids[${contents.map((_, i) => `${at(i)} 0 R`).join(' ')}]>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    stream('0 1 0 rg 0 0 100 100 re f', '/Type/XObject/Subtype/Form/BBox[0 0 100 100]'),
    ...contents.flatMap((content, i) => [
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Resources<</Font<</F 3 0 R>>>>/Contents ${at(i) + 1} 0 R${i === 0 && !draw ? note : ''}>>`,
      stream(content),
    ]),
    ...(padding ? [stream(Buffer.alloc(padding, '%'))] : []),
  ])
}

/** One that asks for a password. */
export function locked() {
  return file(['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Count 1/Kids[3 0 R]>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>',
    `<</Filter/Standard/V 1/R 2/P -4/O<${'61'.repeat(32)}>/U<${'62'.repeat(32)}>>>`], `/Encrypt 4 0 R/ID[<${'63'.repeat(16)}><${'63'.repeat(16)}>]`)
}

/** One whose page is a quarter of a gigabyte of blanks, in a quarter of a megabyte. */
export function swelling() {
  const packed = deflateSync(Buffer.alloc(256 << 20, ' '))
  return file(['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Count 1/Kids[3 0 R]>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>',
    stream(packed, '/Filter/FlateDecode')])
}

/** One that wants to run a script, open an address, send a form and start a program as soon as it is seen. @param {string} url */
export function hostile(url) {
  const script = `app.launchURL("${url}", true); this.submitForm("${url}"); fetch("${url}"); eval("1")`
  return paper({
    catalog: `/OpenAction<</S/JavaScript/JS(${script.replace(/[()\\]/g, '\\$&')})/Next[<</S/URI/URI(${url})>><</S/SubmitForm/F(${url})>><</S/Launch/F(sh)>>]>>/AA<</WC<</S/JavaScript/JS(app.alert\\(1\\))>>>>`,
  })
}

/** @param {string|Buffer} body @param {string} [entries] */
function stream(body, entries = '') {
  return Buffer.concat([Buffer.from(`<</Length ${body.length}${entries}>>stream\n`), Buffer.from(body), Buffer.from('\nendstream')])
}

/** @param {(string|Buffer)[]} objects numbered from 1, the first is the root @param {string} [trailer] */
function file(objects, trailer = '') {
  const parts = [Buffer.from('%PDF-1.7\n')]
  let length = parts[0].length
  const table = objects.map((object, i) => {
    const part = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')])
    const row = `${String(length).padStart(10, '0')} 00000 n \n`
    parts.push(part)
    length += part.length
    return row
  })
  const size = objects.length + 1
  return Buffer.concat([...parts, Buffer.from(`xref\n0 ${size}\n0000000000 65535 f \n${table.join('')}trailer\n<</Size ${size}/Root 1 0 R${trailer}>>\nstartxref\n${length}\n%%EOF\n`)])
}
