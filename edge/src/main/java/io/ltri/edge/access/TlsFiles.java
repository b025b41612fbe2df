package io.ltri.edge.access;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.CertificateUtils;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.KeyManagerFactoryWrapper;
import io.netty.handler.ssl.util.TrustManagerFactoryWrapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * PEM files of one end of a connection. They are looked at again while the process runs; what they
 * hold then is used for the next connection. A pair that does not fit is ignored until it does.
 *
 * @param certificate chain of this end, or null
 * @param key PKCS#8, of the certificate, or null
 * @param authorities whose certificates are believed: at a server, clients must have one from
 *     there; null: at a server no client needs one, at a client those of the system
 */
public record TlsFiles(@Nullable Path certificate, @Nullable Path key, @Nullable Path authorities) {

  /** Neither side has said anything of TLS. */
  public static final TlsFiles NONE = new TlsFiles(null, null, null);

  private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};

  public TlsFiles {
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException(
          "a certificate and its key belong together: name both, or neither");
    }
  }

  /** Whether a server with these speaks TLS. */
  public boolean serves() {
    if (certificate == null && authorities != null) {
      throw new IllegalArgumentException(
          "authorities for clients are named, but no certificate of the server: name it and its key");
    }
    return certificate != null;
  }

  /** Whether anything is named. */
  public boolean isPresent() {
    return certificate != null || authorities != null;
  }

  /** For a server, which must have a certificate. */
  public KeyManagerFactory serverKeys(Duration lookAgain) {
    Path chain = certificate;
    Path own = key;
    if (chain == null || own == null) {
      throw new IllegalArgumentException("a server needs a certificate");
    }
    try {
      return new KeyManagerFactoryWrapper(keys(chain, own, lookAgain));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException(unusable(e), e);
    }
  }

  /** Of the clients of a server; where none needs a certificate, Java's own, which nobody asks. */
  public TrustManagerFactory clientTrust(Duration lookAgain) {
    try {
      if (authorities == null) {
        TrustManagerFactory javas =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        javas.init((KeyStore) null);
        return javas;
      }
      return new TrustManagerFactoryWrapper(trust(authorities, lookAgain));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException(unusable(e), e);
    }
  }

  /** For a server of the JDK's own, which must have a certificate. */
  public SSLContext javaServer(Duration lookAgain) {
    Path chain = certificate;
    Path own = key;
    if (chain == null || own == null) {
      throw new IllegalArgumentException("a server needs a certificate");
    }
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {keys(chain, own, lookAgain)}, null, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException(unusable(e), e);
    }
  }

  /**
   * Until when the certificate is good that the file has now.
   *
   * @return null where there is none, or none that can be read
   */
  public @Nullable Instant certificateEnds() {
    Path chain = certificate;
    if (chain == null) {
      return null;
    }
    try {
      return leaf(chain).getNotAfter().toInstant();
    } catch (GeneralSecurityException | IOException e) {
      return null;
    }
  }

  /** For a client. */
  public SslContext client(Duration lookAgain) {
    try {
      SslContextBuilder builder = GrpcSslContexts.forClient().protocols(VERSIONS);
      Path chain = certificate;
      Path own = key;
      if (chain != null && own != null) {
        builder.keyManager(keys(chain, own, lookAgain));
      }
      Path servers = authorities;
      if (servers != null) {
        builder.trustManager(trust(servers, lookAgain));
      }
      return builder.build();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException(unusable(e), e);
    }
  }

  private String unusable(Exception e) {
    return "the certificates cannot be used (%s): certificate %s, key %s, authorities %s, all PEM, the key PKCS#8"
        .formatted(e, certificate, key, authorities);
  }

  private static AdvancedTlsX509KeyManager keys(Path chain, Path key, Duration lookAgain)
      throws GeneralSecurityException, IOException {
    AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
    FollowedFiles.follow(
        List.of(chain, key),
        lookAgain,
        () -> {
          requireFit(chain, key);
          keys.updateIdentityCredentials(chain.toFile(), key.toFile());
        });
    return keys;
  }

  private static AdvancedTlsX509TrustManager trust(Path authorities, Duration lookAgain)
      throws GeneralSecurityException, IOException {
    AdvancedTlsX509TrustManager trust = AdvancedTlsX509TrustManager.newBuilder().build();
    FollowedFiles.follow(
        List.of(authorities), lookAgain, () -> trust.updateTrustCredentials(authorities.toFile()));
    return trust;
  }

  /** The first of the file. */
  private static X509Certificate leaf(Path chain) throws GeneralSecurityException, IOException {
    try (InputStream in = Files.newInputStream(chain)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  /** Between the replacement of the one file and of the other, they do not belong together. */
  private static void requireFit(Path chain, Path key)
      throws GeneralSecurityException, IOException {
    PublicKey certified = leaf(chain).getPublicKey();
    PrivateKey own;
    try (InputStream in = Files.newInputStream(key)) {
      own = CertificateUtils.getPrivateKey(in);
    }
    String algorithm =
        switch (own.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> own.getAlgorithm();
        };
    byte[] text = "fits".getBytes(StandardCharsets.US_ASCII);
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(own);
    signature.update(text);
    byte[] signed = signature.sign();
    signature.initVerify(certified);
    signature.update(text);
    if (!signature.verify(signed)) {
      throw new GeneralSecurityException("the key does not belong to the certificate");
    }
  }
}
