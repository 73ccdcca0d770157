"""What is charged, beside the call itself: price lists kept, past calls priced again, providers' bills held against
ours, budgets and credit fed from the store. Joins ledger, policy, configuration and store; no call waits for it."""
