import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * What users of java.net.http and HttpURLConnection write: java Users SCENE GATEWAY JOB_URL. Prints the status of each
 * answer, and for java.net.http the version.
 */
public final class Users {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Path BIG = Path.of(System.getenv("BIG"));

    public static void main(String[] words) throws Exception {
        trust(System.getenv("CA"));
        String gateway = words[1];
        String job = words[2];
        switch (words[0]) {
            case "expect-1.1" -> push(HttpClient.Version.HTTP_1_1, job, true, BodyPublishers.ofFile(BIG));
            case "expect-2" -> push(HttpClient.Version.HTTP_2, job, true, BodyPublishers.ofFile(BIG));
            case "length-1.1" -> push(HttpClient.Version.HTTP_1_1, job, false, BodyPublishers.ofString("some 1\n"));
            case "length-2" -> push(HttpClient.Version.HTTP_2, job, false, BodyPublishers.ofString("some 1\n"));
            case "chunks-1.1" -> push(HttpClient.Version.HTTP_1_1, job, false, stream());
            case "chunks-2" -> push(HttpClient.Version.HTTP_2, job, false, stream());
            case "expect-chunks" -> push(HttpClient.Version.HTTP_1_1, job, true, stream());
            case "sequence" -> sequence(gateway, job);
            case "url-connection" -> connect(job, "PUT", false);
            case "url-connection-chunks" -> connect(job, "POST", true);
            case "url-connection-delete" -> {
                connect(job, "POST", false);
                connect(job, "DELETE", false);
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static void push(HttpClient.Version version, String url, boolean expects, BodyPublisher body)
            throws Exception {
        ask(client(version), HttpRequest.newBuilder(URI.create(url)).expectContinue(expects).POST(body));
    }

    /** Push, replace, scrape and remove with one client. */
    private static void sequence(String gateway, String job) throws Exception {
        HttpClient client = client(HttpClient.Version.HTTP_2);
        ask(client, HttpRequest.newBuilder(URI.create(job)).POST(BodyPublishers.ofString("old 1\n")));
        ask(client, HttpRequest.newBuilder(URI.create(job)).PUT(BodyPublishers.ofString("some 1\n")));
        HttpRequest.Builder scrape = HttpRequest.newBuilder(URI.create(gateway + "/metrics"));
        byte[] text = ask(client, scrape.header("Accept-Encoding", "gzip"));
        String plain = new String(new GZIPInputStream(new java.io.ByteArrayInputStream(text)).readAllBytes());
        String name = job.substring(job.lastIndexOf('/') + 1);
        System.out.println(plain.contains("some{instance=\"\",job=\"" + name + "\"} 1\n"));
        ask(client, HttpRequest.newBuilder(URI.create(job)).DELETE());
    }

    private static byte[] ask(HttpClient client, HttpRequest.Builder request) throws Exception {
        HttpResponse<byte[]> answer = client.send(request.timeout(LIMIT).build(), BodyHandlers.ofByteArray());
        System.out.println(answer.statusCode() + " " + answer.version());
        return answer.body();
    }

    private static HttpClient client(HttpClient.Version version) throws Exception {
        return HttpClient.newBuilder().version(version).connectTimeout(LIMIT).build();
    }

    private static void connect(String url, String method, boolean inChunks) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
        connection.setReadTimeout((int) LIMIT.toMillis());
        connection.setRequestMethod(method);
        connection.setRequestProperty("Content-Type", "text/plain; version=0.0.4");
        if (inChunks) connection.setChunkedStreamingMode(0);
        if (!method.equals("DELETE")) {
            connection.setDoOutput(true);
            connection.getOutputStream().write(inChunks ? Files.readAllBytes(BIG) : "some 1\n".getBytes());
        }
        System.out.println(connection.getResponseCode());
        connection.getInputStream().readAllBytes();
    }

    private static BodyPublisher stream() {
        return BodyPublishers.ofInputStream(Users::big);
    }

    private static InputStream big() {
        try {
            return new BufferedInputStream(new FileInputStream(BIG.toFile()));
        } catch (IOException fault) {
            throw new UncheckedIOException(fault);
        }
    }

    private static void trust(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = new FileInputStream(file)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        SSLContext.setDefault(context);
    }
}
