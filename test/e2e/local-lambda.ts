import { type Answer, FunctionProcess, type FunctionSpec } from './function-process.ts'

/** One invocation that has ended. */
export interface Invocation {
  readonly event: object
  readonly answer: Answer
  readonly milliseconds: number
}

/**
 * A function of AWS Lambda: as many processes as there are events at a time, kept for the next ones. One that timed
 * out or died is replaced by a new one.
 */
export class LocalLambda {
  readonly #spec: FunctionSpec
  readonly #idle: FunctionProcess[] = []
  readonly #all = new Set<FunctionProcess>()
  /** What the processes have written, in order. */
  readonly lines: string[] = []
  readonly invocations: Invocation[] = []

  constructor(spec: FunctionSpec) {
    this.#spec = spec
  }

  get name(): string {
    return this.#spec.name
  }

  /** Processes that were started so far. */
  get starts(): number {
    return this.#all.size
  }

  async invoke(event: object): Promise<Answer> {
    const process = this.#idle.pop() ?? this.#start()
    const began = performance.now()
    const answer = await process.handle(event)
    this.invocations.push({ event, answer, milliseconds: performance.now() - began })
    if (process.alive) this.#idle.push(process)
    return answer
  }

  /** Ends every process, those at work too. */
  async stop(): Promise<void> {
    await Promise.all([...this.#all].map((process) => process.end()))
  }

  #start(): FunctionProcess {
    const process = new FunctionProcess(this.#spec, (line) => this.lines.push(line))
    this.#all.add(process)
    return process
  }
}
