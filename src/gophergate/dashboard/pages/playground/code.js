/** The same question as code that runs elsewhere: the gateway's real address, a key from the environment. */

/** @typedef {"curl"|"python"|"typescript"} Language */
/** @type {[Language, string][]} */
export const LANGUAGES = [
  ["curl", "curl"],
  ["python", "Python"],
  ["typescript", "TypeScript"],
];

/** @param {Language} language @param {any} body */
export function written(language, body) {
  return { curl, python, typescript }[language](`${location.origin}/v1`, body);
}

function curl(base, body) {
  const text = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl ${base}/chat/completions \\`,
    '  -H "authorization: Bearer $GOPHERGATE_KEY" \\',
    '  -H "content-type: application/json" \\',
    `  -d '${text}'`,
  ].join("\n");
}

function python(base, body) {
  const given = Object.entries(body).map(([name, value]) => `    ${name}=${literal(value, "    ")},`);
  const streamed = [
    "for chunk in answer:",
    "    for choice in chunk.choices:",
    '        print(choice.delta.content or "", end="")',
    ...(body.tools
      ? [
          "        for call in choice.delta.tool_calls or []:",
          '            print(f"{call.function.name} " if call.function.name else "", end="")',
          '            print(call.function.arguments or "", end="")',
        ]
      : []),
  ];
  const whole = [
    "message = answer.choices[0].message",
    'print(message.content or "")',
    ...(body.tools
      ? ["for call in message.tool_calls or []:", "    print(call.function.name, call.function.arguments)"]
      : []),
  ];
  return [
    "import os",
    "",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${base}", api_key=os.environ["GOPHERGATE_KEY"])`,
    "answer = client.chat.completions.create(",
    ...given,
    ")",
    ...(body.stream ? streamed : whole),
  ].join("\n");
}

function typescript(base, body) {
  const streamed = [
    "for await (const chunk of answer) {",
    "  for (const { delta } of chunk.choices) {",
    '    process.stdout.write(delta.content ?? "");',
    ...(body.tools
      ? [
          "    for (const { function: called } of delta.tool_calls ?? [])",
          '      process.stdout.write((called?.name ? `${called.name} ` : "") + (called?.arguments ?? ""));',
        ]
      : []),
    "  }",
    "}",
  ];
  const whole = [
    "const { message } = answer.choices[0];",
    'console.log(message.content ?? "");',
    ...(body.tools
      ? [
          'for (const call of message.tool_calls ?? []) if (call.type === "function") console.log(call.function);',
        ]
      : []),
  ];
  return [
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${base}", apiKey: process.env.GOPHERGATE_KEY });`,
    `const answer = await client.chat.completions.create(${JSON.stringify(body, null, 2)});`,
    ...(body.stream ? streamed : whole),
  ].join("\n");
}

const WORDS = new Map([
  [true, "True"],
  [false, "False"],
  [null, "None"],
]);

/** A JSON value as Python writes it; long ones over several lines. */
function literal(value, indent) {
  const word = WORDS.get(value);
  if (word) return word;
  if (typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}    `;
  const [open, close, inside] = Array.isArray(value)
    ? ["[", "]", value.map((one) => literal(one, deeper))]
    : [
        "{",
        "}",
        Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one, deeper)}`),
      ];
  const short = `${open}${inside.join(", ")}${close}`;
  if (short.length < 88 && !short.includes("\n")) return short;
  return `${open}\n${inside.map((one) => `${deeper}${one},`).join("\n")}\n${indent}${close}`;
}
