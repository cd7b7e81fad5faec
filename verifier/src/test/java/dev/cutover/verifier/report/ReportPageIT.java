package dev.cutover.verifier.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cutover.sandbox.Chromium;
import dev.cutover.verifier.VerificationReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportPageIT {
    private static final Path SCREENSHOTS = Path.of("target", "report-screenshots");

    // Each text against the colour behind it, by the rule of WCAG 2; what is large needs less.
    private static final String FAINT_TEXTS = """
            const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
            const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
              return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            const faint = [];
            let texts = 0;
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
              const element = walker.currentNode.parentElement;
              if (!walker.currentNode.data.trim() || element.closest('title')) continue;
              texts++;
              const style = getComputedStyle(element);
              const ink = parse(element.closest('svg') ? style.fill : style.color);
              let behind = element, back = [0, 0, 0, 0];
              while (behind && back[3] === 0) { back = parse(getComputedStyle(behind).backgroundColor); behind = behind.parentElement; }
              const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
              const ratio = (a + 0.05) / (b + 0.05);
              if (back[3] !== 1 || ink[3] !== 1 || ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) {
                faint.push(walker.currentNode.data.trim().slice(0, 40) + ' ' + ratio.toFixed(2) + ' ' + style.color + ' on ' + back);
              }
            }
            return [texts, ...faint];
            """;

    @TempDir
    @SuppressWarnings("NonFinalStaticField") // JUnit sets it once for the class
    static Path folder = Path.of("");

    private ChromeDriver browser;
    private Path page;

    /** A way to look at a page. */
    private record Look(boolean dark, int width) {
        String name() {
            return (dark ? "dark" : "light") + "-" + width;
        }
    }

    static Stream<Look> looks() {
        return Stream.of(new Look(false, 1280), new Look(true, 1280), new Look(false, 360), new Look(true, 360));
    }

    @BeforeAll
    void open() throws IOException {
        VerificationReport report = MadeUpReport.huge();
        ReportFiles.write(report, EnumSet.of(ReportFormat.HTML), Map.of(), folder);
        page = folder.resolve("verification.html");
        Files.createDirectories(SCREENSHOTS);
        Chromium chromium = Chromium.ofThisMachine();
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(chromium.driver().toFile())
                .usingAnyFreePort()
                .withEnvironment(chromium.environment())
                .build();
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.browser().toFile());
        options.setCapability("goog:loggingPrefs", logs);
        options.addArguments(
                "--headless=new",
                // The only page it opens is our own, and its sandbox needs root or user namespaces.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-default-apps",
                "--disable-extensions",
                "--disable-sync",
                "--no-first-run",
                "--no-default-browser-check",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--user-data-dir=" + folder.resolve("profile"));
        browser = new ChromeDriver(service, options);
    }

    @AfterAll
    void close() {
        if (browser != null) {
            browser.quit();
        }
    }

    private void look(Look look) {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", look.width(), "height", 900, "deviceScaleFactor", 1, "mobile", false));
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", look.dark() ? "dark" : "light"))));
        browser.get(page.toUri().toString());
    }

    private Object run(String script) {
        return Objects.requireNonNull(browser.executeScript(script));
    }

    @ParameterizedTest
    @MethodSource("looks")
    void thePageFitsIsReadableAndAsksForNothing(Look look) throws IOException {
        browser.manage().logs().get(LogType.PERFORMANCE);
        look(look);
        assertThat(run("return matchMedia('(prefers-color-scheme: dark)').matches"))
                .isEqualTo(look.dark());
        assertThat(run("return innerWidth")).isEqualTo((long) look.width());
        assertThat((Long) run("return document.documentElement.scrollWidth"))
                .as("wide as the window")
                .isLessThanOrEqualTo(look.width());
        List<?> texts = (List<?>) run(FAINT_TEXTS);
        assertThat((Long) texts.get(0)).isGreaterThan(500);
        assertThat(texts.subList(1, texts.size())).as("texts without contrast").isEmpty();
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll())
                .as("the console")
                .isEmpty();
        assertThat(browser.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
                        .map(LogEntry::getMessage)
                        .filter(message -> message.contains("\"Network.requestWillBeSent\""))
                        .filter(message ->
                                !message.contains("\"documentURL\":\"file:") || message.contains("\"url\":\"http")))
                .as("requests")
                .isEmpty();
        assertThat(run("return performance.getEntriesByType('resource').length"))
                .isEqualTo(0L);
        screenshots(look);
    }

    private void screenshots(Look look) throws IOException {
        for (String part : List.of("top", "map", "differences")) {
            run(
                    part.equals("top")
                            ? "scrollTo(0, 0); return 1"
                            : part.equals("map")
                                    ? "document.querySelector('.legend').scrollIntoView(); return 1"
                                    : "document.querySelector('article').scrollIntoView(); return 1");
            Files.write(
                    SCREENSHOTS.resolve(look.name() + "-" + part + ".png"), browser.getScreenshotAs(OutputType.BYTES));
        }
    }

    @Test
    void everyPlaceOfTheMapHasATitleAndAShapeThatIsNoColour() {
        look(new Look(false, 1280));
        assertThat(run("return [...document.querySelectorAll('svg.heat g')]"
                        + ".filter(g => !g.querySelector('title')?.textContent.includes('keys')).length"))
                .isEqualTo(0L);
        for (String mark : List.of("settled circle", "different path", "hot path")) {
            String state = mark.split(" ", -1)[0];
            assertThat((Long) run("return document.querySelectorAll('svg.heat ." + mark + "').length"))
                    .isPositive()
                    .isEqualTo(run("return document.querySelectorAll('svg.heat ." + state + "').length"));
        }
        assertThat(run("return document.scripts.length")).isEqualTo(0L);
        assertThat((Boolean) run("return getComputedStyle(document.body).fontSize === '15px'"))
                .as("the policy lets the page's own style through")
                .isTrue();
    }

    @Test
    void onPaperNothingIsCutOffAndColoursStay() {
        look(new Look(true, 1280));
        browser.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("media", "print"));
        assertThat(run("return getComputedStyle(document.body).backgroundColor"))
                .isEqualTo("rgb(255, 255, 255)");
        assertThat(run("return getComputedStyle(document.querySelector('.scroll')).overflowX"))
                .isEqualTo("visible");
        assertThat(run("return getComputedStyle(document.querySelector('svg.heat')).printColorAdjust"))
                .isEqualTo("exact");
        List<?> texts = (List<?>) run(FAINT_TEXTS);
        assertThat(texts.subList(1, texts.size())).isEmpty();
        browser.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("media", ""));
    }
}
