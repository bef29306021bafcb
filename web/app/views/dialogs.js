import { html } from '../lib.js'
import { useScope } from './context.js'
import { Browse } from './dialogs/browse.js'
import { Confirm } from './dialogs/confirm.js'
import { CreateRoom } from './dialogs/create-room.js'
import { EditRoom } from './dialogs/edit-room.js'
import { Invites } from './dialogs/invites.js'
import { Lightbox } from './dialogs/lightbox.js'
import { Password } from './dialogs/password.js'
import { People } from './dialogs/people.js'
import { PickPeople } from './dialogs/pick-people.js'
import { Profile } from './dialogs/profile.js'
import { ReactDialog } from './dialogs/react.js'
import { Sessions } from './dialogs/sessions.js'

/** Every dialog by the name that opens it. @type {Record<string, any>} */
const DIALOGS = {
  browse: Browse,
  confirm: Confirm,
  createRoom: CreateRoom,
  editRoom: EditRoom,
  invites: Invites,
  lightbox: Lightbox,
  password: Password,
  people: People,
  pickPeople: PickPeople,
  profile: Profile,
  react: ReactDialog,
  sessions: Sessions,
}

export function DialogHost() {
  const { ui } = useScope()
  const open = ui.dialog.value
  if (!open) return null
  const close = () => { if (ui.dialog.value === open) ui.dialog.value = null }
  return html`<${DIALOGS[open.name]} key=${open} ...${open.props} onClose=${close} />`
}
