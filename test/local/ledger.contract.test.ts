import { Protection } from '../../lib/core/protection.ts'
import { MemoryLedger } from '../../lib/local/ledger.ts'
import { ledgerContract } from '../contract/ledger.ts'

ledgerContract('memory', async () => ({
  ledger: new MemoryLedger(new Protection([])),
  stop: async () => undefined,
}))
