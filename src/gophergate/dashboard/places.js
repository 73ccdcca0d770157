/** Every page: where it stands in the rail, and what one must be allowed to see it. */
export const PLACES = [
  { page: "overview", word: "Overview", group: "Observe", icon: "overview" },
  { page: "live", word: "Live", group: "Observe", icon: "live" },
  { page: "calls", word: "Calls", group: "Observe", icon: "calls" },
  { page: "analytics", word: "Analytics", group: "Observe", icon: "analytics" },
  { page: "costs", word: "Costs", group: "Observe", icon: "costs" },
  { page: "clients", word: "Clients & keys", group: "Govern", icon: "clients" },
  { page: "teams", word: "Teams & budgets", group: "Govern", icon: "teams" },
  { page: "users", word: "Users", group: "Govern", icon: "users", needs: "people" },
  { page: "audit", word: "Audit", group: "Govern", icon: "audit", needs: "audit" },
  { page: "playground", word: "Playground", group: "Build", icon: "playground" },
  { page: "models", word: "Models", group: "Build", icon: "models" },
  { page: "groups", word: "Groups", group: "Build", icon: "groups" },
  { page: "providers", word: "Providers", group: "Build", icon: "providers" },
  { page: "settings", word: "Settings", group: "", icon: "settings" },
];
