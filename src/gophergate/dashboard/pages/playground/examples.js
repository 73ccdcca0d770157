/** Tools to begin with: each shows something else that a schema can say. */
export const EXAMPLES = [
  {
    name: "get_weather",
    description: "The weather in a city: now, or on one of the next ten days.",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string", description: "Such as Berlin" },
        unit: { type: "string", enum: ["celsius", "fahrenheit"] },
        days_ahead: { type: "integer", minimum: 0, maximum: 10 },
      },
      required: ["city"],
      additionalProperties: false,
    },
  },
  {
    name: "search_documents",
    description: "Finds passages in the company's documents.",
    parameters: {
      type: "object",
      properties: {
        query: { type: "string", description: "What is looked for, in a few words" },
        tags: { type: "array", items: { type: "string" }, description: "Only documents that have all of them" },
        most: { type: "integer", minimum: 1, maximum: 50, description: "How many passages at most" },
      },
      required: ["query"],
      additionalProperties: false,
    },
  },
  {
    name: "book_table",
    description: "Books a table at a restaurant. Confirm with the guest before it is called.",
    parameters: {
      type: "object",
      properties: {
        restaurant: { type: "string" },
        at: { type: "string", format: "date-time" },
        guests: { type: "integer", minimum: 1 },
        contact: {
          type: "object",
          properties: { name: { type: "string" }, telephone: { type: "string" } },
          required: ["name"],
          additionalProperties: false,
        },
      },
      required: ["restaurant", "at", "guests", "contact"],
      additionalProperties: false,
    },
  },
  {
    name: "calculate",
    description: "The value of an arithmetic expression.",
    parameters: {
      type: "object",
      properties: { expression: { type: "string", description: "Such as (3 + 4) * 12" } },
      required: ["expression"],
      additionalProperties: false,
    },
  },
];
