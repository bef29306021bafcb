import { html } from '../lib.js'
import { useScope } from './context.js'
import { Face } from './face.js'
import { placeOf } from './menu.js'

/** My face: the way to profile, people, sessions, theme and out. */
export function MeButton() {
  const { client, ui } = useScope()
  const me = client.store.me.value
  if (!me) return null

  /** @param {Event} event */
  function open(event) {
    ui.menu.value = { label: 'You and this place', at: placeOf(event), items: items(), top: html`<${Who} user=${me} />` }
  }

  function items() {
    const dialog = (/** @type {string} */ name) => () => { ui.dialog.value = { name } }
    const theme = client.settings.theme.value
    const admin = me?.role === 'owner' || me?.role === 'admin'
    /** @type {import('./ui.js').MenuItem[]} */
    const people = admin
      ? [{ label: 'Invites', icon: 'invite', run: dialog('invites'), rule: true }, { label: 'People', icon: 'people', run: dialog('people') }]
      : []
    /** @type {import('./ui.js').MenuItem[]} */
    const themes = [
      { label: 'Theme: as the system', checked: theme === 'system', run: () => client.settings.set('theme', 'system'), rule: true },
      { label: 'Theme: light', checked: theme === 'light', run: () => client.settings.set('theme', 'light') },
      { label: 'Theme: dark', checked: theme === 'dark', run: () => client.settings.set('theme', 'dark') },
    ]
    /** @type {import('./ui.js').MenuItem[]} */
    const mine = [
      { label: 'Profile', icon: 'person', run: dialog('profile'), rule: true },
      { label: 'Password', icon: 'lock', run: dialog('password') },
      { label: 'Sessions', icon: 'device', run: dialog('sessions') },
    ]
    const enterSends = client.settings.enterSends.value
    // Where a finger points, Enter is a new line in any case.
    /** @type {import('./ui.js').MenuItem[]} */
    const keys = matchMedia('(pointer: coarse)').matches ? []
      : [{ label: 'Enter sends', checked: enterSends, toggle: true, run: () => client.settings.set('enterSends', !enterSends), rule: true }]
    const clean = client.settings.cleanPhotos.value
    /** @type {import('./ui.js').MenuItem[]} */
    const photos = [{ label: 'Remove location from photos', checked: clean, toggle: true, run: () => client.settings.set('cleanPhotos', !clean), rule: keys.length === 0 }]
    return [...mine, ...people, ...themes, ...keys, ...photos, { label: 'Sign out', icon: /** @type {const} */ ('leave'), rule: true, run: ui.signOut }]
  }

  return html`<button type="button" class="me" aria-haspopup="menu" aria-label=${`You: ${me.name}`} title=${me.name} onClick=${open}>
    <${Face} user=${me} size=${28} />
  </button>`
}

/** @param {{user: import('../protocol.js').User}} props */
function Who({ user }) {
  return html`<div class="who"><${Face} user=${user} /><div class="grow">
    <div class="ellipsis"><bdi>${user.name}</bdi></div><div class="faint ellipsis">@${user.handle}</div></div></div>`
}
