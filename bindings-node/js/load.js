// Finds the addon of this machine: beside the package in a checkout, else in the package of the platform.
'use strict'

const { existsSync } = require('node:fs')
const { join } = require('node:path')

/** `linux-x64-gnu`, as the platform packages are called. */
function platformOf({ platform, arch }, libc) {
  return platform === 'linux' ? `${platform}-${arch}-${libc}` : `${platform}-${arch}`
}

/** Which C library this Node runs on. */
function libcOf(process) {
  if (process.platform !== 'linux') return undefined
  const { header } = process.report.getReport()
  return header.glibcVersionRuntime ? 'gnu' : 'musl'
}

/** The addon; each package by its own name, so that bundlers see them. */
function load(platform) {
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
    throw notLoaded(platform, error)
  }
  throw notLoaded(platform)
}

const KNOWN = ['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'linux-arm64-musl']

/** What to do about an addon that cannot be loaded. */
function notLoaded(platform, cause) {
  const name = `tillgate-${platform}`
  const { glibcVersionRuntime } = process.report.getReport().header
  const libc = process.platform === 'linux' ? (glibcVersionRuntime ? `, glibc ${glibcVersionRuntime}` : ', musl') : ''
  let remedy
  if (!KNOWN.includes(platform)) {
    remedy = `There is no package for it; there are ${KNOWN.join(', ')}. It can be built from the sources (bindings-node/README.md).`
  } else if (cause?.code === 'MODULE_NOT_FOUND') {
    remedy =
      `The package ${name} is not installed. Install again on this machine, with optional dependencies ` +
      '(not with --omit=optional or --no-optional, and not with node_modules of another machine): ' +
      'remove node_modules, then npm install. If a lock file was made on another machine and lacks it, ' +
      `npm install ${name}. In a container, install inside it.`
  } else if (/GLIBC_/.test(cause?.message ?? '')) {
    remedy = 'This glibc is too old: 2.17 (2012) or newer is needed.'
  } else {
    remedy = `The package ${name} is there but cannot be loaded: ${cause?.message}`
  }
  const error = new Error(
    `tillgate cannot be loaded on ${process.platform} ${process.arch}${libc} (Node ${process.version}). ${remedy}`,
    { cause },
  )
  error.code = 'ERR_TILLGATE_NOT_LOADED'
  return error
}

module.exports = load(platformOf(process, libcOf(process)))
