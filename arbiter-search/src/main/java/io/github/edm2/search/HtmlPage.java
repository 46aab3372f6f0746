package io.github.edm2.search;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Pages with charts that need nothing else, in the colours that the reader's browser prefers. A
 * page is made from a template among the resources: HTML with scripts for which {@code data}, the
 * library ECharts and the functions of {@code page.html} are there, and with marks such as
 * {@code @FACTS@} for its parts.
 */
public final class HtmlPage {

    private static final String FRAME = "io/github/edm2/search/page.html";
    private static final String CHARTS = "META-INF/resources/webjars/echarts/5.5.0/echarts.min.js";
    private static final Pattern MARK = Pattern.compile("@([A-Z]+)@");

    private static final ObjectMapper JSON = new ObjectMapper();

    private HtmlPage() {}

    /**
     * Writes a page; it appears complete or not at all.
     *
     * @param file created or replaced
     * @param title headline
     * @param template name of a resource, from the root of the class path
     * @param parts HTML by mark, without the {@code @}
     * @param data becomes JSON for the template's scripts
     * @throws IOException if it cannot be written
     */
    public static void write(
            Path file, String title, String template, Map<String, String> parts, Object data)
            throws IOException {
        String page =
                filled(
                        FRAME,
                        Map.of(
                                "TITLE", escape(title),
                                "CHARTS", resource(CHARTS).replace("</script", "<\\/script"),
                                "DATA", JSON.writeValueAsString(data).replace("</", "<\\/"),
                                "BODY", filled(template, parts)));
        AtomicFile.write(file, out -> out.write(page.getBytes(StandardCharsets.UTF_8)));
    }

    private static String filled(String template, Map<String, String> parts) throws IOException {
        return MARK.matcher(resource(template))
                .replaceAll(mark -> Matcher.quoteReplacement(parts.get(mark.group(1))));
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = HtmlPage.class.getClassLoader().getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Text as HTML. */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
