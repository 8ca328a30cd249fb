import { isIPv4, isIPv6 } from 'node:net'
import { App } from 'aws-cdk-lib/core'

/** What is said by `-c name=value`, checked before there is any stack. */

/** An input that is missing or cannot be used. */
class InputError extends Error {}

export interface Shape {
  readonly is: (text: string) => boolean
  /** What the input should be, with an example. */
  readonly should: string
  /** What it is unless said; without this, it must be said. */
  readonly otherwise?: string
}

/** Makes the stacks that `add` adds. An input that cannot be used is told in one line, and nothing is made. */
export function make(what: string, add: (app: App) => void): void {
  const app = new App({ autoSynth: false })
  try {
    add(app)
    app.synth()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    process.stderr.write(`Cannot make ${what}: ${error.message}\n`)
    process.exitCode = 1
  }
}

export function input(app: App, name: string, { is, should, otherwise }: Shape): string {
  const text: unknown = app.node.tryGetContext(name) ?? otherwise
  if (text === undefined)
    throw new InputError(`nothing says ${name}; say it by -c ${name}=…, as README.md shows`)
  if (typeof text === 'string' && is(text)) return text
  throw new InputError(`${name} should be ${should}; it is ${JSON.stringify(text).slice(0, 200)}`)
}

export function optional(app: App, name: string, shape: Shape): string | undefined {
  return app.node.tryGetContext(name) === undefined ? undefined : input(app, name, shape)
}

/** The fence's id: it goes into every name, so that each fence has resources of its own. */
export const FENCE: Shape = {
  is: (text) => /^[a-z][a-z0-9-]{0,30}$/.test(text),
  should: 'the id of a fence, such as "pbx"',
}

export const PORTS: Shape = {
  is: (text) => text.split(',').every((port) => /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535),
  should: 'UDP ports with commas between them, such as "5060,5080"',
  otherwise: '5060',
}

export const CIDRS: Shape = {
  is: (text) => text.split(',').every(isCidr),
  should: 'address ranges with commas between them, such as "10.0.0.0/16,2001:db8:1::/56"',
}

function isCidr(text: string): boolean {
  const [, address = '', length = ''] = /^([0-9a-f.:]+)\/(0|[1-9]\d{0,2})$/i.exec(text) ?? []
  return (isIPv4(address) && Number(length) <= 32) || (isIPv6(address) && Number(length) <= 128)
}
