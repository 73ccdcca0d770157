/** The few signs that help: places in the rail, and closing, copying, opening. Drawn on a 24 px grid. */
import { html } from "./ui.js";

const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-3H4z",
  live: "M3 12h4l3-8 4 16 3-8h4",
  calls: "M4 6h16M4 12h16M4 18h10",
  analytics: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  costs:
    "M12 3v18M16.5 7.5c-1-1.3-2.6-2-4.5-2-2.5 0-4.5 1.200-4.500 3.200 0 4.600 9.500 2 9.500 6.600 0 2-2 3.200-5 3.200-2 0-3.900-.8-5-2.300",
  clients: "M15 7a4 4 0 1 1-4 4M3 21l8-8M6 18l2 2",
  teams:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 20c0-3.300 2.700-6 6-6s6 2.700 6 6M16 5.500a3 3 0 0 1 0 5.500M21 20c0-2.600-1.600-4.800-4-5.600",
  guards: "M12 3l7 2.500v6c0 4.500-3 7.800-7 9.500-4-1.700-7-5-7-9.500v-6zM9 11.500l2.200 2.200L15.500 9.500",
  users: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.600-7 8-7s8 3 8 7",
  audit: "M6 3h9l4 4v14H6zM9 12h7M9 16h5",
  playground: "M7 4v16l13-8z",
  models: "M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9",
  groups: "M5 5h5v5H5zM14 14h5v5h-5zM10 7.500h6.500V14M7.500 10v6.500H14",
  providers: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  settings:
    "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  plus: "M12 5v14M5 12h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  moon: "M20 14a8 8 0 1 1-10-10 6.500 6.500 0 0 0 10 10z",
  fold: "M15 6l-6 6 6 6",
  refresh: "M20 11a8 8 0 1 0-2.300 6.300M20 4v7h-7",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  pause: "M8 5v14M16 5v14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
};

/** @typedef {keyof typeof PATHS} IconName */
/** @param {{name: IconName}} props */
export const Icon = ({ name }) => html`
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path d=${PATHS[name]} />
  </svg>
`;
