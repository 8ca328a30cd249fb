import { tellError } from '../aws/aws-errors.ts'
import type { DeployedFence } from '../aws/deployed-fence.ts'
import { tellPeople } from './terminal.ts'

/** Asks for a round. Where that fails, tells that the next one will do, and what is done all the same. */
export async function wakeOrTell({ wake }: Pick<DeployedFence, 'wake'>, done: string): Promise<void> {
  try {
    await wake()
  } catch (error) {
    tellPeople(`Cannot ask for a round now: ${tellError(error)}; ${done}, and a round begins within a minute`)
  }
}
