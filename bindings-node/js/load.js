// Finds the addon of this machine: beside the package in a checkout, else in the package of the platform.
'use strict'

const { existsSync } = require('node:fs')
const { join } = require('node:path')

const KNOWN = ['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'linux-arm64-musl']

/** The addon for a platform, as its packages are called; each by its own name, so that bundlers see them. */
function addonFor(platform) {
  const built = join(__dirname, '..', `tillgate.${platform}.node`)
  if (existsSync(built)) return require(built)
  try {
    switch (platform) {
      case 'linux-x64-gnu':
        return require('tillgate-linux-x64-gnu')
      case 'linux-arm64-gnu':
        return require('tillgate-linux-arm64-gnu')
      case 'linux-x64-musl':
        return require('tillgate-linux-x64-musl')
      case 'linux-arm64-musl':
        return require('tillgate-linux-arm64-musl')
    }
  } catch (error) {
    // Bundlers look for what is inside of `try`, and forgive what is not there.
    throw error
  }
  return undefined
}

/** The addon of this machine. */
function load() {
  const { platform, arch } = process
  // npm installs the one that fits; asking Node which C library it runs on takes longer than all the rest.
  const candidates = platform === 'linux' ? [`linux-${arch}-gnu`, `linux-${arch}-musl`] : [`${platform}-${arch}`]
  const failures = {}
  for (const candidate of candidates) {
    try {
      const addon = addonFor(candidate)
      if (addon !== undefined) return addon
    } catch (error) {
      failures[candidate] = error
    }
  }
  throw notLoaded(failures)
}

/** What to do about an addon that cannot be loaded. */
function notLoaded(failures) {
  const { platform, arch, version } = process
  // What is not Node may have no report.
  const { glibcVersionRuntime: glibc } = process.report?.getReport().header ?? {}
  const linux = platform === 'linux'
  const own = linux ? `linux-${arch}-${glibc ? 'gnu' : 'musl'}` : `${platform}-${arch}`
  const [name, cause] = [`tillgate-${own}`, failures[own]]
  let remedy
  if (!KNOWN.includes(own)) {
    remedy =
      `There is no package for it; there are ${KNOWN.join(', ')}. What cargo build --release -p tillgate-node makes of the ` +
      `sources is found as ${join(__dirname, '..', `tillgate.${own}.node`)}; or develop in a container with Linux.`
  } else if (cause?.code === 'MODULE_NOT_FOUND') {
    remedy =
      `The package ${name} is not installed. Install again on this machine, with optional dependencies (without --omit=optional) ` +
      `and without node_modules of another machine: remove node_modules, then npm install. If a lock file that was made on ` +
      `another machine lacks it, npm install ${name}. For a container, install inside it.`
  } else if (/GLIBC_/.test(cause?.message)) {
    remedy = 'This glibc is too old: 2.17 (2012) or newer is needed.'
  } else {
    remedy = `The package ${name} is there but cannot be loaded: ${cause?.message}`
  }
  const libc = linux ? (glibc ? `, glibc ${glibc}` : ', musl') : ''
  const text = `tillgate cannot be loaded on ${platform} ${arch}${libc} (Node ${version}). ${remedy}`
  return Object.assign(new Error(text, { cause }), { code: 'ERR_TILLGATE_NOT_LOADED' })
}

module.exports = load()
