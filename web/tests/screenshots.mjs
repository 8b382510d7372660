// Takes screenshots of every view, light and dark, on a desktop and a phone, for review:
//
//   npm run screenshots              all of them, to .build/screenshots
//   npm run screenshots pipeline     scenes whose name starts with this
//
// They are not compared with anything; the tests next to this file check what must not break.

import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import { start } from "./browser.mjs";
import { SCENES, SCREENS } from "./scenes.mjs";

const FOLDER = fileURLToPath(new URL("../.build/screenshots", import.meta.url));

const wanted = process.argv.slice(2);
const scenes = Object.entries(SCENES).filter(([name]) => !wanted.length || wanted.some((start) => name.startsWith(start)));
if (!wanted.length) rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const keyless = await start();
for (const [screen, device] of Object.entries(SCREENS)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, prepare] of scenes) {
      const visit = await keyless.visit({ context: { ...device, colorScheme } });
      await prepare({ ...visit, address: keyless.site.address });
      await visit.page.waitForTimeout(150);
      // A phone scrolls the whole page; a desktop's panels scroll by themselves.
      await visit.page.screenshot({ path: join(FOLDER, `${name}-${screen}-${colorScheme}.png`), fullPage: screen === "phone" });
      await visit.close();
    }
  }
}
await keyless.close();
console.log(`${scenes.length * 4} screenshots in ${FOLDER}`);
