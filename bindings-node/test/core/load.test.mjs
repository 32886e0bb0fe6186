// What is said when the addon cannot be loaded.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { place } from './shop.mjs'

const LOADER = fileURLToPath(new URL('../../js/load.js', import.meta.url))
const OWN = `tillgate-linux-${process.arch}-gnu`

/** What the loader says in a place that has no addon but these. */
function loaded(t, packages = {}, before = '') {
  const loader = join(place(t), 'node_modules/tillgate/js/load.js')
  mkdirSync(dirname(loader), { recursive: true })
  copyFileSync(LOADER, loader)
  for (const [name, content] of Object.entries(packages)) {
    const folder = join(dirname(loader), '../..', name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, main: 'addon.node' }))
    writeFileSync(join(folder, 'addon.node'), content)
  }
  const source = `${before}; try { require(${JSON.stringify(loader)}) } catch (error) { console.log(error.code, error.message) }`
  return spawnSync(process.execPath, ['-e', source], { encoding: 'utf8' }).stdout
}

test('a package that is missing is named, with the machine and a remedy', (t) => {
  const said = loaded(t)
  assert.match(said, /^ERR_TILLGATE_NOT_LOADED tillgate cannot be loaded on linux .*, (glibc [0-9.]+|musl) \(Node v/)
  assert.match(said, new RegExp(`The package ${OWN} is not installed\\..*--omit=optional.*remove node_modules`))
})

test('a package that is there and broken is told with the reason', (t) => {
  assert.match(loaded(t, { [OWN]: 'no library' }), new RegExp(`${OWN} is there but cannot be loaded: .*addon\\.node`))
})

test('a machine that no package is made for is told which there are', (t) => {
  const said = loaded(t, {}, "Object.defineProperty(process, 'arch', { value: 'riscv64' })")
  assert.match(said, /cannot be loaded on linux riscv64.*There is no package for it; there are linux-x64-gnu, /)
})

test('who develops on another system is told where an addon of his own goes', (t) => {
  const elsewhere = (platform, arch) => {
    const become = `Object.defineProperties(process, { platform: { value: '${platform}' }, arch: { value: '${arch}' } })`
    return loaded(t, {}, become)
  }
  assert.match(elsewhere('darwin', 'arm64'), /^ERR_TILLGATE_NOT_LOADED .* on darwin arm64 \(.*tillgate\/tillgate\.darwin-arm64\.node/)
  assert.match(elsewhere('win32', 'x64'), /^ERR_TILLGATE_NOT_LOADED .* on win32 x64 \(.*tillgate\/tillgate\.win32-x64\.node/)
})

test('what is told does not need a report of the engine', (t) => {
  const said = loaded(t, {}, "Object.defineProperty(process, 'report', { value: undefined })")
  assert.match(said, /^ERR_TILLGATE_NOT_LOADED tillgate cannot be loaded on linux /)
})
