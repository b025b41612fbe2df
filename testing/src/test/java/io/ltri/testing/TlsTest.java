package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import io.ltri.client.NewDocument;
import io.ltri.edge.access.ClientAccess;
import io.ltri.edge.access.TlsFiles;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Client, inference service and index service with certificates of one authority. */
class TlsTest {
  private static final Path FOLDER = folder();
  private static final X509Bundle AUTHORITY = authority("CN=Ltri test authority");
  private static final X509Bundle STRANGERS = authority("CN=Some other authority");

  static {
    issue(AUTHORITY, "inference", "CN=inference-1");
    issue(AUTHORITY, "index", "CN=index-1");
    issue(AUTHORITY, "client", "CN=client-1");
    issue(STRANGERS, "stranger", "CN=stranger");
    write("authority.pem", AUTHORITY.getCertificatePEM());
  }

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.access.certificate", FOLDER.resolve("inference.pem"))
          .with("ltri.inference.access.key", FOLDER.resolve("inference.key"))
          .with("ltri.inference.access.client-authorities", FOLDER.resolve("authority.pem"))
          .with("ltri.inference.access.reload", "100ms")
          .with("ltri.index.access.certificate", FOLDER.resolve("index.pem"))
          .with("ltri.index.access.key", FOLDER.resolve("index.key"))
          .with("ltri.index.access.client-authorities", FOLDER.resolve("authority.pem"))
          .with("ltri.inference.index-access.authorities", FOLDER.resolve("authority.pem"))
          .with("ltri.inference.index-access.certificate", FOLDER.resolve("inference.pem"))
          .with("ltri.inference.index-access.key", FOLDER.resolve("inference.key"))
          .withClient(client -> client.access(access("client")));

  private static ClientAccess access(String name) {
    return new ClientAccess(
        true,
        FOLDER.resolve("authority.pem"),
        name == null ? null : FOLDER.resolve(name + ".pem"),
        name == null ? null : FOLDER.resolve(name + ".key"),
        null,
        null);
  }

  private static Path folder() {
    try {
      return Files.createTempDirectory("ltri-tls-");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static X509Bundle authority(String name) {
    try {
      return new CertificateBuilder()
          .ecp256()
          .subject(name)
          .setIsCertificateAuthority(true)
          .buildSelfSigned();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void issue(X509Bundle authority, String file, String subject) {
    issue(authority, file, subject, Instant.now().plus(Duration.ofDays(1)));
  }

  private static void issue(X509Bundle authority, String file, String subject, Instant end) {
    try {
      X509Bundle bundle =
          new CertificateBuilder()
              .ecp256()
              .notBefore(end.minus(Duration.ofDays(3)))
              .notAfter(end)
              .subject(subject)
              .addSanDnsName("localhost")
              .addSanIpAddress("127.0.0.1")
              .buildIssuedBy(authority);
      write(file + ".key", bundle.getPrivateKeyPEM());
      write(file + ".pem", bundle.getCertificatePathPEM());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(String file, String text) {
    try {
      Path part = Files.writeString(FOLDER.resolve(file + ".part"), text);
      Files.move(part, FOLDER.resolve(file), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** What the server shows to whoever connects now. */
  private static String subject(String address) throws Exception {
    String[] seen = new String[1];
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        null,
        new TrustManager[] {
          new X509TrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type) {}

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type) {
              seen[0] = chain[0].getSubjectX500Principal().getName();
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
              return new X509Certificate[0];
            }
          }
        },
        null);
    int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.startHandshake();
    } catch (java.io.IOException e) {
      // It wants a certificate, but has shown its own before.
    }
    return seen[0];
  }

  /** Waits until the inference service shows a certificate of this subject. */
  private static void awaitSubject(String subject) throws Exception {
    String now = subject(LTRI.inferenceAddress());
    for (int i = 0; i < 100 && !subject.equals(now); i++) {
      Thread.sleep(100);
      now = subject(LTRI.inferenceAddress());
    }
    assertThat(now).isEqualTo(subject);
  }

  private static void serves(ClientAccess access) throws Exception {
    try (LtriClient client =
        LtriClient.builder().address(LTRI.inferenceAddress()).access(access).build()) {
      assertThat(client.server().indexState()).isEqualTo("SERVING");
    }
  }

  @Test
  void documentsAreReadAndAnsweredWithMutualTlsOnBothWays() throws Exception {
    String id =
        LTRI.client()
            .createDocument(NewDocument.of("a text", TinyModel.text(300, 9)))
            .document()
            .id();
    assertThat(
            LTRI.client()
                .generate(TinyModel.question(id, "who?").build())
                .figures()
                .lookupsMissed())
        .isZero();
  }

  @Test
  void httpShowsTheSameCertificate() throws Exception {
    assertThat(subject(LTRI.http().getAuthority())).startsWith("CN=inference-");
  }

  @Test
  void nobodyComesInWithoutACertificateOfTheAuthority() throws Exception {
    serves(access("client"));
    for (ClientAccess wrong :
        new ClientAccess[] {access(null), access("stranger"), ClientAccess.NONE}) {
      assertThatThrownBy(() -> serves(wrong)).isInstanceOf(LtriException.class);
    }
  }

  @Test
  void whoMeetsACertificateThatHasEndedIsToldSo() throws Exception {
    issue(AUTHORITY, "inference", "CN=inference-ended", Instant.now().minus(Duration.ofDays(1)));
    awaitSubject("CN=inference-ended");
    assertThatThrownBy(() -> serves(access("client")))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("could not be secured (CertificateExpiredException")
        .hasMessageNotContaining("Pipeline");
    assertThat(
            new TlsFiles(FOLDER.resolve("inference.pem"), FOLDER.resolve("inference.key"), null)
                .certificateEnds())
        .isBefore(Instant.now());
    issue(AUTHORITY, "inference", "CN=inference-renewed");
    awaitSubject("CN=inference-renewed");
    serves(access("client"));
  }

  @Test
  void aNewCertificateIsShownWithoutARestartAndANonsenseOneIsNot() throws Exception {
    issue(AUTHORITY, "inference", "CN=inference-2");
    awaitSubject("CN=inference-2");
    write("inference.pem", "nonsense");
    Thread.sleep(500);
    assertThat(subject(LTRI.inferenceAddress())).isEqualTo("CN=inference-2");
    serves(access("client"));
    issue(AUTHORITY, "inference", "CN=inference-3");
  }
}
