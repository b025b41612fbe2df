package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import javax.crypto.AEADBadTagException;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;

/**
 * Lucene's files of an encrypted document: each is decrypted into memory outside the heap when it
 * is opened, and that memory given back when it is closed.
 */
final class DecryptedDirectory extends FilterDirectory {

  private final Path folder;
  private final DocumentCipher cipher;

  DecryptedDirectory(Directory stored, Path folder, DocumentCipher cipher) {
    super(stored);
    this.folder = folder;
    this.cipher = cipher;
  }

  @Override
  public IndexInput openInput(String name, IOContext context) throws IOException {
    Arena arena = Arena.ofShared();
    boolean complete = false;
    try {
      IndexInput input =
          new DecryptedInput(
              name,
              EncryptedFiles.read(folder.resolve(name), cipher, VectorFolder.PLACE, arena),
              arena);
      complete = true;
      return input;
    } catch (AEADBadTagException e) {
      throw new CorruptIndexException("it can not be decrypted", name, e);
    } finally {
      if (!complete) {
        arena.close();
      }
    }
  }

  @Override
  public long fileLength(String name) throws IOException {
    return EncryptedFiles.plainBytes(super.fileLength(name));
  }
}
