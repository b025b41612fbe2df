package io.ltri.index.cipher;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts and decrypts the parts of one document with a data key of its own (AES-256-GCM). An
 * encrypted part is a nonce of 12 random bytes, the ciphertext, and a tag of 16 bytes; it opens
 * only at the place of the document that it was made for. A document has far less than 2^32 parts,
 * for which random nonces under one key are held to be safe (NIST SP 800-38D, 8.3).
 */
public final class DocumentCipher {

  /** Bytes that an encrypted part has more than its plain text. */
  public static final int OVERHEAD = 28;

  private static final int NONCE = 12;
  private static final int TAG = 16;
  private static final int KEY = 32;
  private static final String TRANSFORMATION = "AES/GCM/NoPadding";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Encryption encryption;
  private final SecretKey dataKey;
  private final String prefix;

  private DocumentCipher(Encryption encryption, byte[] dataKey) {
    this.encryption = encryption;
    this.dataKey = new SecretKeySpec(dataKey, "AES");
    this.prefix = encryption.document() + '\n';
  }

  /**
   * For a new document, with a new data key.
   *
   * @param document its id
   */
  public static DocumentCipher create(NamedKey key, String document) {
    byte[] dataKey = new byte[KEY];
    RANDOM.nextBytes(dataKey);
    return new DocumentCipher(wrap(dataKey, key, document), dataKey);
  }

  /**
   * For a document that was encrypted before.
   *
   * @throws AEADBadTagException when this is not the key that wrapped its data key
   */
  public static DocumentCipher open(Encryption encryption, NamedKey key)
      throws AEADBadTagException {
    return new DocumentCipher(encryption, unwrap(encryption, key));
  }

  /**
   * The same data key, wrapped by another key.
   *
   * @throws AEADBadTagException when {@code from} is not the key that wrapped it
   */
  public static Encryption rewrap(Encryption encryption, NamedKey from, NamedKey to)
      throws AEADBadTagException {
    return wrap(unwrap(encryption, from), to, encryption.document());
  }

  private static byte[] unwrap(Encryption encryption, NamedKey key) throws AEADBadTagException {
    byte[] wrapped;
    try {
      wrapped = Base64.getDecoder().decode(encryption.dataKey());
    } catch (IllegalArgumentException e) {
      throw new AEADBadTagException("the wrapped data key is no Base64");
    }
    return open(key.key(), wrapped, wrapBinding(key.id(), encryption.document()));
  }

  private static Encryption wrap(byte[] dataKey, NamedKey key, String document) {
    byte[] wrapped = seal(key.key(), ByteBuffer.wrap(dataKey), wrapBinding(key.id(), document));
    return new Encryption(
        Encryption.ALGORITHM, key.id(), document, Base64.getEncoder().encodeToString(wrapped));
  }

  private static String wrapBinding(String keyId, String document) {
    return "data key\n" + keyId + '\n' + document;
  }

  /** What the manifest says of it. */
  public Encryption encryption() {
    return encryption;
  }

  /**
   * @param plain read from position to limit, and left as it is
   * @param place of the part within the document
   */
  public byte[] seal(ByteBuffer plain, String place) {
    return seal(dataKey, plain.duplicate(), prefix + place);
  }

  /**
   * @throws AEADBadTagException when the part was changed, or made for another place
   */
  public byte[] open(byte[] sealed, String place) throws AEADBadTagException {
    return open(dataKey, sealed, prefix + place);
  }

  private static byte[] seal(SecretKey key, ByteBuffer plain, String binding) {
    byte[] nonce = new byte[NONCE];
    RANDOM.nextBytes(nonce);
    byte[] sealed = new byte[plain.remaining() + OVERHEAD];
    System.arraycopy(nonce, 0, sealed, 0, NONCE);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, binding);
      int unused = cipher.doFinal(plain, ByteBuffer.wrap(sealed, NONCE, sealed.length - NONCE));
      return sealed;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES/GCM", e);
    }
  }

  private static byte[] open(SecretKey key, byte[] sealed, String binding)
      throws AEADBadTagException {
    if (sealed.length < OVERHEAD) {
      throw new AEADBadTagException("it is shorter than a nonce and a tag");
    }
    try {
      return cipher(Cipher.DECRYPT_MODE, key, sealed, binding)
          .doFinal(sealed, NONCE, sealed.length - NONCE);
    } catch (AEADBadTagException e) {
      throw e;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has AES/GCM", e);
    }
  }

  /**
   * @param nonce its first bytes
   */
  private static Cipher cipher(int mode, SecretKey key, byte[] nonce, String binding)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(TRANSFORMATION);
    cipher.init(mode, key, new GCMParameterSpec(8 * TAG, nonce, 0, NONCE));
    cipher.updateAAD(binding.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
