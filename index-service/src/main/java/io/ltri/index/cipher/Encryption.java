package io.ltri.index.cipher;

/**
 * How a document is encrypted, as its manifest says.
 *
 * @param algorithm {@link #ALGORITHM}
 * @param keyId of the tenant's key that wraps the data key
 * @param document the id under which the document was begun; goes into what every part is bound to
 * @param dataKey the wrapped data key: nonce, ciphertext and tag, in Base64
 */
public record Encryption(String algorithm, String keyId, String document, String dataKey) {

  public static final String ALGORITHM = "AES-256-GCM";
}
