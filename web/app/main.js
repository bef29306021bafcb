import { html, render } from './lib.js'
import { createClient } from './client.js'
import { createUI } from './views/ui.js'
import { App } from './views/app.js'

const client = await createClient()
const ui = createUI(client)
render(html`<${App} client=${client} ui=${ui} />`, /** @type {HTMLElement} */ (document.getElementById('app')))
