/**
 * Every page: where it stands in the rail, what one must be allowed to see it (`needs`), and whether it is one of the few
 * at the foot of a phone (`thumb`).
 * @typedef {import("./icons.js").IconName} IconName
 * @type {{page: string, word: string, group: string, icon: IconName, needs?: string, thumb?: boolean}[]}
 */
export const PLACES = [
  { page: "overview", word: "Overview", group: "Observe", icon: "overview", thumb: true },
  { page: "live", word: "Live", group: "Observe", icon: "live", thumb: true },
  { page: "calls", word: "Calls", group: "Observe", icon: "calls", thumb: true },
  { page: "analytics", word: "Analytics", group: "Observe", icon: "analytics" },
  { page: "costs", word: "Costs", group: "Observe", icon: "costs", thumb: true },
  { page: "clients", word: "Clients & keys", group: "Govern", icon: "clients" },
  { page: "teams", word: "Teams & budgets", group: "Govern", icon: "teams" },
  { page: "guards", word: "Guards", group: "Govern", icon: "guards" },
  { page: "users", word: "Users", group: "Govern", icon: "users", needs: "people" },
  { page: "audit", word: "Audit", group: "Govern", icon: "audit", needs: "audit" },
  { page: "playground", word: "Playground", group: "Build", icon: "playground" },
  { page: "models", word: "Models", group: "Build", icon: "models" },
  { page: "groups", word: "Groups", group: "Build", icon: "groups" },
  { page: "providers", word: "Providers", group: "Build", icon: "providers" },
  { page: "settings", word: "Settings", group: "", icon: "settings" },
];
