package io.ltri.inference.engine;

import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Finds documents that can stand for a beginning that would otherwise be read again. Only those of
 * the asking tenant, read by the running model with the settings asked for.
 */
final class KnownDocuments {

  /** A document that would be read before a prompt, and how many tokens of it. */
  record Prefix(IndexedDocument document, long tokens) {}

  private record Known(IndexedDocument document, DocumentAttributes attributes) {}

  private final SpanIndex index;

  KnownDocuments(SpanIndex index) {
    this.index = index;
  }

  /** What this work has given before. */
  Optional<IndexedDocument> byBuildKey(String buildKey) {
    return index.list().stream()
        .filter(
            document ->
                buildKey.equals(document.attributes().get(DocumentAttributes.BUILD_KEY))
                    && document.life().faults().isEmpty())
        .findFirst();
  }

  /** The longest document with whose text this one begins. */
  Optional<Prefix> byText(String text, Identity identity, String tenant) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return readAs(identity.fields(), tenant)
        .filter(candidate -> !candidate.attributes().textSha256().isEmpty())
        .filter(candidate -> candidate.attributes().textBytes() <= bytes.length)
        .sorted(Comparator.comparingLong((Known candidate) -> -candidate.attributes().textBytes()))
        .filter(
            candidate -> {
              MessageDigest sha = Identity.sha256();
              sha.update(bytes, 0, Math.toIntExact(candidate.attributes().textBytes()));
              return HexFormat.of()
                  .formatHex(sha.digest())
                  .equals(candidate.attributes().textSha256());
            })
        .map(candidate -> new Prefix(candidate.document(), candidate.attributes().tokens()))
        .findFirst();
  }

  /**
   * The longest document with whose tokens these begin; at least one token is left. The tokens are
   * hashed once, and the hash is looked at where a document ends.
   *
   * @param identity its field for the template's beginning is not looked at: the tokens hold it
   */
  Optional<Prefix> byTokens(int[] tokens, Identity identity, String tenant) {
    Map<String, String> wanted = withoutTemplate(identity.fields());
    Map<Long, Map<String, Known>> byLength = new HashMap<>();
    index.list().stream()
        .filter(document -> document.tenant().equals(tenant))
        .map(document -> new Known(document, DocumentAttributes.of(document)))
        .filter(known -> withoutTemplate(known.attributes().identity()).equals(wanted))
        .filter(known -> known.attributes().tokens() < tokens.length)
        .forEach(
            known ->
                byLength
                    .computeIfAbsent(known.attributes().tokens(), length -> new HashMap<>())
                    .putIfAbsent(known.attributes().tokensSha256(), known));
    List<Integer> lengths =
        new TreeSet<>(byLength.keySet()).stream().map(Math::toIntExact).toList();
    List<String> digests = TokenBuffer.prefixDigests(tokens, lengths);
    for (int i = lengths.size() - 1; i >= 0; i--) {
      Known known = byLength.getOrDefault((long) lengths.get(i), Map.of()).get(digests.get(i));
      if (known != null) {
        return Optional.of(new Prefix(known.document(), known.attributes().tokens()));
      }
    }
    return Optional.empty();
  }

  private static Map<String, String> withoutTemplate(Map<String, String> fields) {
    Map<String, String> rest = new TreeMap<>(fields);
    rest.remove(LanguageModel.TEMPLATE_FIELD);
    return rest;
  }

  private Stream<Known> readAs(Map<String, String> identity, String tenant) {
    return index.list().stream()
        .filter(document -> document.tenant().equals(tenant))
        .map(document -> new Known(document, DocumentAttributes.of(document)))
        .filter(known -> known.attributes().identity().equals(identity));
  }
}
