const BROWSERS = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/SamsungBrowser\//, 'Samsung Internet'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']]
const SYSTEMS = [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X|Macintosh/, 'Mac'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']]

/**
 * What people call the device behind a session: "Firefox on Linux".
 * @param {string|undefined} device as the server keeps it
 */
export function deviceName(device) {
  if (!device) return 'Unknown device'
  if (!device.startsWith('Mozilla/')) return device
  const browser = named(BROWSERS, device) ?? 'Browser'
  const system = named(SYSTEMS, device)
  return system ? `${browser} on ${system}` : browser
}

/** @param {(RegExp|string)[][]} list @param {string} device */
function named(list, device) {
  const found = list.find(([mark]) => /** @type {RegExp} */ (mark).test(device))
  return found ? String(found[1]) : undefined
}
