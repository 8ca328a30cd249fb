import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { packedNode } from '../shipped/packed-node.ts'

/** A function as it is deployed. */
export interface FunctionSpec {
  readonly name: string
  /** Where its code is. */
  readonly folder: string
  /** `FILE.EXPORT`, the file without its `.mjs`. */
  readonly handler: string
  readonly timeoutSeconds: number
  readonly memoryMegabytes: number
  /** All of it but for what Lambda itself adds. */
  readonly environment: Readonly<Record<string, string>>
}

export type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string }

const RUNTIME = join(import.meta.dirname, 'lambda-runtime.mjs')

/**
 * One execution environment of a function: a process of the Node that ships, which handles one event after the other
 * until it is ended. It has the function's environment variables, those of Lambda ("Defined runtime environment
 * variables"), and no others.
 */
export class FunctionProcess {
  readonly #spec: FunctionSpec
  readonly #child: ChildProcess
  readonly #ready: Promise<unknown>
  readonly #ended: Promise<unknown>
  #alive = true

  /** @param log takes each line that the process writes */
  constructor(spec: FunctionSpec, log: (line: string) => void) {
    this.#spec = spec
    const heap = `--max-old-space-size=${Math.floor(spec.memoryMegabytes * 0.9)}`
    const child = spawn(packedNode(), [heap, RUNTIME], {
      cwd: spec.folder,
      env: environmentOf(spec),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const input of [child.stdout!, child.stderr!]) createInterface({ input }).on('line', log)
    this.#child = child
    this.#ready = once(child, 'message')
    this.#ended = once(child, 'exit').then(() => {
      this.#alive = false
    })
  }

  /** False once the process has ended; then it handles nothing more. */
  get alive(): boolean {
    return this.#alive
  }

  /** Handles one event, and is killed where that takes longer than the function may. */
  async handle(event: object): Promise<Answer> {
    if (!(await Promise.race([this.#ready.then(() => true), this.#ended.then(() => false)])))
      return this.#died()
    const timeoutMs = this.#spec.timeoutSeconds * 1000
    const given = new AbortController()
    const late = sleep(timeoutMs, 'late' as const, { signal: given.signal }).catch(() => 'late' as const) // waits: a function has so long, and Lambda kills it then
    const answer = once(this.#child, 'message').then(([message]) => message as Answer)
    this.#child.send({ event, context: contextOf(this.#spec), timeoutMs })
    try {
      const first = await Promise.race([answer, late, this.#ended.then(() => this.#died())])
      if (first !== 'late') return first
      await this.end()
      return { ok: false, error: `Task timed out after ${this.#spec.timeoutSeconds} seconds` }
    } finally {
      given.abort()
    }
  }

  async end(): Promise<void> {
    if (this.#alive) this.#child.kill('SIGKILL')
    await this.#ended
  }

  #died(): Answer {
    const { exitCode, signalCode } = this.#child
    return { ok: false, error: `Runtime exited: ${exitCode ?? signalCode}` }
  }
}

function contextOf({ name, memoryMegabytes }: FunctionSpec) {
  return {
    awsRequestId: randomUUID(),
    functionName: name,
    functionVersion: '$LATEST',
    memoryLimitInMB: String(memoryMegabytes),
    logGroupName: `/aws/lambda/${name}`,
    callbackWaitsForEmptyEventLoop: true,
  }
}

function environmentOf(spec: FunctionSpec): Record<string, string> {
  return {
    ...spec.environment,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMegabytes),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    LAMBDA_TASK_ROOT: spec.folder,
    _HANDLER: spec.handler,
    TZ: ':UTC',
  }
}
