"""The steps from one schema to the next, run by `store.revision.upgrade`. A step that was released never changes."""
