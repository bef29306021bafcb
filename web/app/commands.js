// Slash commands. Each spells a request that exists without it.

/** @typedef {{client: any, room: string, thread?: number}} Context */
/** @typedef {{say?: string, open?: string, invite?: string}} Outcome */
/** @typedef {{name: string, usage: string, help: string, run: (ctx: Context, rest: string) => Promise<Outcome|void>}} Command */

/** @type {Command[]} */
export const COMMANDS = [
  {
    name: 'topic',
    usage: '/topic TEXT',
    help: 'Say what this room is about',
    run: ({ client, room }, rest) => client.actions.updateRoom(room, { topic: rest }),
  },
  {
    name: 'rename',
    usage: '/rename NAME',
    help: 'Give this room another name',
    async run({ client, room }, rest) {
      need(rest, 'Say the new name: /rename NAME')
      await client.actions.updateRoom(room, { name: rest })
    },
  },
  {
    name: 'add',
    usage: '/add @HANDLE',
    help: 'Add somebody to this room',
    async run({ client, room }, rest) {
      const user = await findPerson(client, rest)
      await client.actions.addMember(room, user.user)
      return { say: `${user.name} is in this room now.` }
    },
  },
  {
    name: 'msg',
    usage: '/msg @HANDLE',
    help: 'Open a direct conversation',
    async run({ client }, rest) {
      const user = await findPerson(client, rest)
      return { open: (await client.actions.direct([user.user])).room }
    },
  },
  {
    name: 'invite',
    usage: '/invite',
    help: 'Make a link that lets one person join MiniChat',
    async run({ client }) {
      return { invite: (await client.actions.invite()).url }
    },
  },
  {
    name: 'join',
    usage: '/join ROOM',
    help: 'Join a channel',
    async run({ client }, rest) {
      const name = rest.replace(/^#/, '')
      const found = (await client.actions.joinable()).find((/** @type {{name: string}} */ r) => r.name === name)
      if (!found) throw new Error(`There is no channel "${name}" to join.`)
      await client.actions.joinRoom(found.room)
      return { open: found.room }
    },
  },
  {
    name: 'leave',
    usage: '/leave',
    help: 'Leave this room',
    run: ({ client, room }) => client.actions.leaveRoom(room),
  },
  {
    name: 'shrug',
    usage: '/shrug [TEXT]',
    help: 'Append ¯\\_(ツ)_/¯',
    async run({ client, room, thread }, rest) {
      client.actions.post(room, { text: `${rest} ¯\\\\\\_(ツ)\\_/¯`.trim(), ...(thread ? { thread } : {}) })
    },
  },
]

/** @param {unknown} value @param {string} words */
function need(value, words) {
  if (!value) throw new Error(words)
}

/** @param {any} client @param {string} rest */
async function findPerson(client, rest) {
  const handle = rest.trim().replace(/^@/, '')
  need(handle, 'Say who: @HANDLE')
  const found = (await client.actions.people(handle)).find((/** @type {{handle: string}} */ u) => u.handle === handle)
  if (!found) throw new Error(`There is nobody called @${handle}.`)
  return found
}

/** @param {string} prefix with or without its slash */
export function matchCommands(prefix) {
  const start = prefix.replace(/^\//, '').toLowerCase()
  return COMMANDS.filter((c) => c.name.startsWith(start))
}

/**
 * Runs `text` if it is a command; `//x` and paths such as `/usr/bin` are text.
 * @param {Context} ctx
 * @param {string} text
 * @returns {{handled: false, text: string} | {handled: true, done: Promise<Outcome>}}
 */
export function runCommand(ctx, text) {
  if (text.startsWith('//')) return { handled: false, text: text.slice(1) }
  const found = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(text)
  if (!found) return { handled: false, text }
  return { handled: true, done: runNamed(ctx, found[1], (found[2] ?? '').trim()) }
}

/** @param {Context} ctx @param {string} name @param {string} rest @returns {Promise<Outcome>} */
async function runNamed(ctx, name, rest) {
  const command = COMMANDS.find((c) => c.name === name)
  if (!command) throw new Error(`There is no command /${name}. Start with // to send it as text.`)
  return (await command.run(ctx, rest)) ?? {}
}
