import type { Block } from '../core/block.ts'
import type { LockdownStep } from '../core/lockdown.ts'
import type { Change } from '../core/plan.ts'
import type { RuleWindow } from '../core/plan-input.ts'
import type { Family, Prefix } from '../core/prefix.ts'
import type { SetChange } from '../core/set-plan.ts'
import type { SecurityGroups, StepOutcome } from '../lockdown.ts'
import type { Firewall, FirewallState, Outcome } from '../reconcile.ts'
import type { DenyingSet, SetOutcome, SetState } from '../reconcile-set.ts'
import { placeName } from '../view/fence-words.ts'
import { changeText, setChangesText, stepText } from '../view/release-text.ts'

type Told = (line: string) => void

/** A firewall that tells of each change as it is made. */
export class FirewallRecorder implements Firewall {
  readonly id: string
  readonly window: RuleWindow
  readonly written = new Set<number>()
  readonly #firewall: Firewall
  readonly #told: Told

  constructor(firewall: Firewall, told: Told) {
    this.id = firewall.id
    this.window = firewall.window
    this.#firewall = firewall
    this.#told = told
  }

  async read(): Promise<FirewallState> {
    return await this.#firewall.read()
  }

  async apply(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    for (const change of changes) {
      const [outcome] = await this.#firewall.apply([change])
      if (outcome === undefined) continue
      outcomes.push(outcome)
      this.written.add(change.entry.ruleNumber)
      this.#told(changeText(placeName(this.id), change, outcome.ok ? null : outcome.reason))
    }
    return outcomes
  }
}

/** A set that tells of its changes when they are made: a write is of all that were planned from one read. */
export class SetRecorder implements DenyingSet {
  readonly id: string
  readonly family: Family
  readonly takes: (block: Block) => boolean
  readonly written = new Set<Prefix>()
  readonly #set: DenyingSet
  readonly #told: Told

  constructor(set: DenyingSet, told: Told) {
    this.id = set.id
    this.family = set.family
    this.takes = set.takes
    this.#set = set
    this.#told = told
  }

  async read(): Promise<SetState> {
    return await this.#set.read()
  }

  async apply(changes: readonly SetChange[], state: SetState): Promise<SetOutcome> {
    const outcome = await this.#set.apply(changes, state)
    const { done, stopped } = outcome
    for (const { prefix } of done) this.written.add(prefix)
    const name = placeName(this.id, this.family)
    for (const line of setChangesText(name, done, stopped?.reason ?? null)) this.#told(line)
    return outcome
  }
}

/** Security groups that tell of each step as it is made. */
export class GroupsRecorder implements SecurityGroups {
  readonly #groups: SecurityGroups
  readonly #told: Told

  constructor(groups: SecurityGroups, told: Told) {
    this.#groups = groups
    this.#told = told
  }

  read(): ReturnType<SecurityGroups['read']> {
    return this.#groups.read()
  }

  async apply(step: LockdownStep): Promise<StepOutcome> {
    const outcome = await this.#groups.apply(step)
    this.#told(stepText(step, outcome.kind === 'failed' ? outcome.reason : null))
    return outcome
  }
}
