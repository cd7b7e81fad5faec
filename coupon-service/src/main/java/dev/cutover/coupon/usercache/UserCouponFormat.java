package dev.cutover.coupon.usercache;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cutover.coupon.cache.v1.UserCouponValue;
import dev.cutover.coupon.id.CouponId;
import dev.cutover.coupon.id.TemplateId;
import dev.cutover.coupon.store.CouponRow;
import dev.cutover.coupon.store.VersionedCoupon;
import dev.cutover.coupon.template.Discount;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a coupon is written into the cache: four bytes of its version, highest first, a byte that names the format, and the coupon, nothing
 * where it is not to be used any more. So whoever compares versions need not know the format.
 */
final class UserCouponFormat {
    private static final byte GONE = 0;
    private static final byte COUPON = 1;
    private static final int HEADER = Integer.BYTES + 1;

    private UserCouponFormat() {}

    static byte[] write(VersionedCoupon coupon) {
        byte[] body = coupon.unused() ? message(coupon.row()).toByteArray() : new byte[0];
        return ByteBuffer.allocate(HEADER + body.length)
                .putInt(coupon.version())
                .put(coupon.unused() ? COUPON : GONE)
                .put(body)
                .array();
    }

    /** Whether it says that the coupon is not to be used any more. */
    static boolean gone(byte[] value) {
        return value.length == HEADER && value[Integer.BYTES] == GONE;
    }

    /** The coupon; empty for what nobody wrote in a format that is known here. */
    static Optional<CouponRow> read(long userId, CouponId id, byte[] value) {
        if (value.length < HEADER || value[Integer.BYTES] != COUPON) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    row(userId, id, UserCouponValue.parseFrom(Arrays.copyOfRange(value, HEADER, value.length))));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    private static UserCouponValue message(CouponRow row) {
        Discount discount = row.discount();
        if (discount == null) {
            throw new IllegalArgumentException("Coupon " + row.id() + " on NEW has no discount.");
        }
        UserCouponValue.Builder value = UserCouponValue.newBuilder()
                .setTemplateId(row.templateId().number())
                .setKind(discount.kind())
                .setDiscountType(discount.type())
                .setThresholdMinor(discount.thresholdMinor());
        set(row.couponSn(), value::setCouponSn);
        set(row.validFrom(), value::setValidFrom);
        set(row.validTo(), value::setValidTo);
        set(row.orderNo(), value::setOrderNo);
        set(row.usedAt(), value::setUsedAt);
        set(row.createdAt(), value::setCreatedAt);
        set(discount.amountOffMinor(), value::setAmountOffMinor);
        set(discount.percentOffBp(), value::setPercentOffBp);
        set(discount.capMinor(), value::setCapMinor);
        set(row.holdNo(), value::setHoldNo);
        set(row.holdUntil(), value::setHoldUntil);
        return value.build();
    }

    private static <T> void set(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    private static CouponRow row(long userId, CouponId id, UserCouponValue value) {
        return new CouponRow(
                id,
                userId,
                new TemplateId(value.getTemplateId()),
                value.hasCouponSn() ? value.getCouponSn() : null,
                CouponRow.AVAILABLE,
                value.hasValidFrom() ? value.getValidFrom() : null,
                value.hasValidTo() ? value.getValidTo() : null,
                value.hasOrderNo() ? value.getOrderNo() : null,
                value.hasUsedAt() ? value.getUsedAt() : null,
                value.hasCreatedAt() ? value.getCreatedAt() : null,
                new Discount(
                        value.getKind(),
                        value.getDiscountType(),
                        value.hasAmountOffMinor() ? value.getAmountOffMinor() : null,
                        value.hasPercentOffBp() ? value.getPercentOffBp() : null,
                        value.getThresholdMinor(),
                        value.hasCapMinor() ? value.getCapMinor() : null),
                value.hasHoldNo() ? value.getHoldNo() : null,
                value.hasHoldUntil() ? value.getHoldUntil() : null);
    }
}
