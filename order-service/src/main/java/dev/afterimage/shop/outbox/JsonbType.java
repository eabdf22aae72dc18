package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.io.Serializable;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import org.hibernate.HibernateException;
import org.hibernate.type.descriptor.WrapperOptions;
import org.hibernate.usertype.UserType;
import org.jspecify.annotations.Nullable;

/**
 * Binds a JSON tree to a jsonb column. Bound as {@link Types#OTHER}, so that PostgreSQL takes the column's type, which the
 * outbox extension's own converter does not manage; immutable, so that Hibernate never adds an UPDATE between the INSERT and
 * the DELETE of an outbox row, which the event router would warn about.
 */
@RegisterForReflection
public class JsonbType implements UserType<JsonNode> {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public int getSqlType() {
        return Types.OTHER;
    }

    @Override
    public Class<JsonNode> returnedClass() {
        return JsonNode.class;
    }

    @Override
    public void nullSafeSet(PreparedStatement statement, @Nullable JsonNode value, int position, WrapperOptions options)
            throws SQLException {
        if (value == null) {
            statement.setNull(position, Types.OTHER);
        } else {
            statement.setObject(position, value.toString(), Types.OTHER);
        }
    }

    @Override
    public @Nullable JsonNode nullSafeGet(ResultSet rows, int position, WrapperOptions options) throws SQLException {
        var text = rows.getString(position);
        try {
            return text == null ? null : JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new HibernateException("jsonb that is not JSON", e);
        }
    }

    @Override
    public @Nullable JsonNode deepCopy(@Nullable JsonNode value) {
        return value;
    }

    @Override
    public boolean isMutable() {
        return false;
    }

    @Override
    public @Nullable Serializable disassemble(@Nullable JsonNode value) {
        return value == null ? null : value.toString();
    }
}
