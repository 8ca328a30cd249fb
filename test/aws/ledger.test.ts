import { ledgerContract } from '../contract/ledger.ts'
import { openFenceAccount } from './fence-account.ts'

ledgerContract('DynamoDB', openFenceAccount)
