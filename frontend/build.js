// Writes the bundle and the licences of what is in it beside the dashboard's other files.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const out = "../data_pipeline/dashboard/static/vendor/";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const read = (path) => readFileSync(`node_modules/${path}`, "utf8").trim();
const parts = ["echarts", "zrender", "tslib"].map((name) => `${name} ${version(name)}`);

await build({
  entryPoints: ["charts.js"],
  outfile: `${out}echarts.js`,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  banner: { js: `/* ${parts.join(", ")}; licences in echarts.LICENSE.txt */` },
});

writeFileSync(`${out}echarts.LICENSE.txt`, [
  `echarts.js is made by frontend/build.js of ${parts.join(", ")}.`,
  `Apache ECharts ${version("echarts")}\n\n${read("echarts/LICENSE")}`,
  read("echarts/NOTICE"),
  `zrender ${version("zrender")}\n\n${read("zrender/LICENSE")}`,
  `tslib ${version("tslib")}\n\n${read("tslib/LICENSE.txt")}`,
].join("\n\n----\n\n") + "\n");
