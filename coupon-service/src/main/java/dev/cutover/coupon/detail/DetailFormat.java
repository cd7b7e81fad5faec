package dev.cutover.coupon.detail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cutover.coupon.cache.v1.DetailValue;
import dev.cutover.coupon.template.Discount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * How details are written into the cache: a byte that names the format, eight bytes of the version, highest first, and the offer, nothing
 * where there is none. So whoever compares versions need not know the formats, and a reader knows every format there ever was, whichever its
 * writers use. Safe for many threads.
 */
public enum DetailFormat {
    /** An object with whole words: the first format, and what instances of before can read. */
    JSON((byte) 'J') {
        @Override
        byte[] body(Detail.Offer offer) {
            return json(offer).toString().getBytes(StandardCharsets.UTF_8);
        }

        @Override
        Detail.Offer offer(byte[] body) {
            try {
                return ofJson(MAPPER.readTree(body));
            } catch (IOException e) {
                throw new IllegalArgumentException("no JSON", e);
            }
        }
    },
    /** Numbers of fields instead of words. */
    COMPACT((byte) 1) {
        @Override
        byte[] body(Detail.Offer offer) {
            return message(offer).toByteArray();
        }

        @Override
        Detail.Offer offer(byte[] body) {
            try {
                return ofMessage(DetailValue.parseFrom(body));
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalArgumentException("no message", e);
            }
        }
    },
    /** The same compressed; what gains nothing by it stays {@link #COMPACT}. */
    COMPRESSED((byte) 2) {
        @Override
        byte[] body(Detail.Offer offer) {
            return Zstd.compress(COMPACT.body(offer), LEVEL);
        }

        @Override
        Detail.Offer offer(byte[] body) {
            long size = Zstd.getFrameContentSize(body);
            if (size < 0 || size > LARGEST) {
                throw new IllegalArgumentException("a frame of " + size + " bytes");
            }
            try {
                return COMPACT.offer(Zstd.decompress(body, (int) size));
            } catch (ZstdException e) {
                throw new IllegalArgumentException("no frame", e);
            }
        }
    };

    /** As much as comes before the offer: one byte for the format, eight for the version. */
    static final int HEADER = 1 + Long.BYTES;

    private static final JsonMapper MAPPER = new JsonMapper();
    // Below it the frame's own bytes cost what it saves.
    private static final int THRESHOLD = 200;
    private static final int LARGEST = 1 << 20;
    private static final int LEVEL = 3;

    private final byte mark;

    DetailFormat(byte mark) {
        this.mark = mark;
    }

    abstract byte[] body(Detail.Offer offer);

    /** Throws {@link IllegalArgumentException} for what nobody wrote in this format. */
    abstract Detail.Offer offer(byte[] body);

    /** In the format that takes the least room. */
    static byte[] smallest(Detail detail) {
        byte[] compact = COMPACT.write(detail);
        if (compact.length < THRESHOLD) {
            return compact;
        }
        byte[] compressed = COMPRESSED.write(detail);
        return compressed.length < compact.length ? compressed : compact;
    }

    /** In this format, whatever it takes. */
    public byte[] write(Detail detail) {
        Detail.Offer offer = detail.offer();
        byte[] body = offer == null ? new byte[0] : body(offer);
        return ByteBuffer.allocate(HEADER + body.length)
                .put(mark)
                .putLong(detail.version())
                .put(body)
                .array();
    }

    /** What is written there; empty for what no format explains, which is as if nothing were there. */
    static Optional<Detail> read(byte[] value) {
        if (value.length < HEADER) {
            return Optional.empty();
        }
        long version = ByteBuffer.wrap(value).getLong(1);
        byte[] body = Arrays.copyOfRange(value, HEADER, value.length);
        for (DetailFormat format : values()) {
            if (format.mark == value[0]) {
                try {
                    return Optional.of(new Detail((int) version, body.length == 0 ? null : format.offer(body)));
                } catch (IllegalArgumentException e) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private static DetailValue message(Detail.Offer offer) {
        Discount discount = offer.discount();
        DetailValue.Builder value = DetailValue.newBuilder()
                .setKind(discount.kind())
                .setType(discount.type())
                .setThresholdMinor(discount.thresholdMinor());
        set(discount.amountOffMinor(), value::setAmountOffMinor);
        set(discount.percentOffBp(), value::setPercentOffBp);
        set(discount.capMinor(), value::setCapMinor);
        set(offer.validDays(), value::setValidDays);
        set(offer.validFrom(), value::setValidFrom);
        set(offer.validTo(), value::setValidTo);
        set(offer.claimFrom(), value::setClaimFrom);
        set(offer.claimTo(), value::setClaimTo);
        if (offer.name() != null) {
            value.setName(offer.name());
        }
        if (offer.metadata() != null) {
            value.setMetadata(offer.metadata());
        }
        return value.build();
    }

    private static void set(@Nullable Long number, LongConsumer setter) {
        if (number != null) {
            setter.accept(number);
        }
    }

    private static Detail.Offer ofMessage(DetailValue value) {
        return new Detail.Offer(
                value.hasName() ? value.getName() : null,
                new Discount(
                        value.getKind(),
                        value.getType(),
                        value.hasAmountOffMinor() ? value.getAmountOffMinor() : null,
                        value.hasPercentOffBp() ? value.getPercentOffBp() : null,
                        value.getThresholdMinor(),
                        value.hasCapMinor() ? value.getCapMinor() : null),
                value.hasValidDays() ? value.getValidDays() : null,
                value.hasValidFrom() ? value.getValidFrom() : null,
                value.hasValidTo() ? value.getValidTo() : null,
                value.hasClaimFrom() ? value.getClaimFrom() : null,
                value.hasClaimTo() ? value.getClaimTo() : null,
                value.hasMetadata() ? value.getMetadata() : null);
    }

    private static ObjectNode json(Detail.Offer offer) {
        Discount discount = offer.discount();
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", offer.name())
                .put("kind", discount.kind())
                .put("type", discount.type())
                .put("amount_off_minor", discount.amountOffMinor())
                .put("percent_off_bp", discount.percentOffBp())
                .put("threshold_minor", discount.thresholdMinor())
                .put("cap_minor", discount.capMinor())
                .put("valid_days", offer.validDays())
                .put("valid_from", offer.validFrom())
                .put("valid_to", offer.validTo())
                .put("claim_from", offer.claimFrom())
                .put("claim_to", offer.claimTo())
                .put("metadata", offer.metadata());
    }

    private static Detail.Offer ofJson(JsonNode json) {
        if (!json.isObject()) {
            throw new IllegalArgumentException("no object");
        }
        return new Detail.Offer(
                text(json, "name"),
                new Discount(
                        json.path("kind").asInt(),
                        json.path("type").asInt(),
                        number(json, "amount_off_minor"),
                        number(json, "percent_off_bp"),
                        json.path("threshold_minor").asLong(),
                        number(json, "cap_minor")),
                number(json, "valid_days"),
                number(json, "valid_from"),
                number(json, "valid_to"),
                number(json, "claim_from"),
                number(json, "claim_to"),
                text(json, "metadata"));
    }

    private static @Nullable String text(JsonNode json, String field) {
        return json.hasNonNull(field) ? json.get(field).asText() : null;
    }

    private static @Nullable Long number(JsonNode json, String field) {
        return json.hasNonNull(field) ? json.get(field).asLong() : null;
    }
}
