package io.ltri.testing;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import java.util.List;
import java.util.Random;

/** Messages with any value in any field, as far as their schema allows it. */
final class RandomMessages {

  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    7,
    64,
    1000,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };
  private static final double[] REALS = {
    0, 1, -1, 0.5, 1e-30, 1e30, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
  };
  private static final List<String> TEXTS =
      List.of(
          "",
          "a",
          "user",
          "system",
          "ltri",
          "full",
          "../../etc/passwd",
          "\u0000",
          "%s%n",
          "x".repeat(5_000),
          "\ud83d\ude00 <|im_end|>",
          "'; drop",
          "fp32",
          "*");

  private final Random random;
  private final List<String> ids;

  /**
   * @param ids of documents that exist
   */
  RandomMessages(Random random, List<String> ids) {
    this.random = random;
    this.ids = ids;
  }

  DynamicMessage of(Descriptor type, int depth) {
    DynamicMessage.Builder message = DynamicMessage.newBuilder(type);
    for (FieldDescriptor field : type.getFields()) {
      if (random.nextInt(3) == 0) {
        continue;
      }
      if (field.isRepeated()) {
        int count = random.nextInt(20) == 0 ? 500 : random.nextInt(4);
        for (int i = 0; i < count; i++) {
          message.addRepeatedField(field, value(field, depth));
        }
      } else {
        message.setField(field, value(field, depth));
      }
    }
    return message.build();
  }

  private Object value(FieldDescriptor field, int depth) {
    return switch (field.getJavaType()) {
      case INT -> (int) number();
      case LONG -> number();
      case FLOAT -> (float) REALS[random.nextInt(REALS.length)];
      case DOUBLE -> REALS[random.nextInt(REALS.length)];
      case BOOLEAN -> random.nextBoolean();
      case STRING -> text(field);
      case BYTE_STRING -> {
        byte[] bytes =
            new byte[random.nextInt(4) == 0 ? random.nextInt(9_000) : 64 * random.nextInt(8)];
        random.nextBytes(bytes);
        yield ByteString.copyFrom(bytes);
      }
      case ENUM ->
          random.nextInt(4) == 0
              ? field.getEnumType().findValueByNumberCreatingIfUnknown(99)
              : field
                  .getEnumType()
                  .getValues()
                  .get(random.nextInt(field.getEnumType().getValues().size()));
      case MESSAGE ->
          depth > 4
              ? DynamicMessage.getDefaultInstance(field.getMessageType())
              : of(field.getMessageType(), depth + 1);
    };
  }

  private long number() {
    return random.nextBoolean() ? random.nextInt(8) : NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private String text(FieldDescriptor field) {
    boolean names = field.getName().contains("id") || field.getName().equals("continues");
    return names && !ids.isEmpty() && random.nextInt(3) > 0
        ? ids.get(random.nextInt(ids.size()))
        : TEXTS.get(random.nextInt(TEXTS.size()));
  }
}
