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

/**
 * The documents of one tenant, as the index lists them now, that can stand for a beginning which
 * would otherwise be read again.
 */
final class KnownDocuments {

  /** A document that would be read before a prompt, and how many tokens of it. */
  record Prefix(IndexedDocument document, long tokens) {}

  private record Known(IndexedDocument document, DocumentAttributes attributes) {

    Prefix whole() {
      return new Prefix(document, attributes.tokens());
    }
  }

  private final List<Known> all;

  private KnownDocuments(List<Known> all) {
    this.all = all;
  }

  /** Asks the index once. */
  static KnownDocuments of(SpanIndex index, String tenant) {
    return new KnownDocuments(
        index.list().stream()
            .filter(document -> document.tenant().equals(tenant))
            .map(document -> new Known(document, DocumentAttributes.of(document)))
            .toList());
  }

  /** What this work has given before. */
  Optional<IndexedDocument> byBuildKey(String buildKey) {
    return all.stream()
        .filter(known -> known.attributes().buildKey().equals(buildKey))
        .map(Known::document)
        .filter(document -> document.life().faults().isEmpty())
        .findFirst();
  }

  /**
   * The longest document with whose text this one begins.
   *
   * @param identity under which the text would be read
   */
  Optional<Prefix> byText(String text, Identity identity) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return all.stream()
        .filter(known -> known.attributes().identity().equals(identity.fields()))
        .filter(known -> !known.attributes().textSha256().isEmpty())
        .filter(known -> known.attributes().textBytes() <= bytes.length)
        .sorted(Comparator.comparingLong((Known known) -> -known.attributes().textBytes()))
        .filter(
            known -> {
              MessageDigest sha = Identity.sha256();
              sha.update(bytes, 0, Math.toIntExact(known.attributes().textBytes()));
              return HexFormat.of().formatHex(sha.digest()).equals(known.attributes().textSha256());
            })
        .map(Known::whole)
        .findFirst();
  }

  /**
   * The longest document with whose tokens these begin; at least one token is left. The tokens are
   * hashed once, and the hash is looked at where a document ends.
   *
   * @param identity under which the tokens would be read; its field for the template's beginning is
   *     not looked at: the tokens hold it
   */
  Optional<Prefix> byTokens(int[] tokens, Identity identity) {
    Map<String, String> wanted = withoutTemplate(identity.fields());
    Map<Long, Map<String, Known>> byLength = new HashMap<>();
    all.stream()
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
        return Optional.of(known.whole());
      }
    }
    return Optional.empty();
  }

  private static Map<String, String> withoutTemplate(Map<String, String> fields) {
    Map<String, String> rest = new TreeMap<>(fields);
    rest.remove(LanguageModel.TEMPLATE_FIELD);
    return rest;
  }
}
