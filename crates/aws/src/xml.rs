//! Answers of the query protocol, read by the names of their elements.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

use crate::error::InventoryError;

/// The text of the first element of a name.
pub(crate) fn first(xml: &str, name: &str) -> Result<String, InventoryError> {
    all(xml, name, None)?.into_iter().next().ok_or(InventoryError::Unreadable)
}

/// The texts of all elements of a name, or of their children of another one.
pub(crate) fn all(xml: &str, name: &str, child: Option<&str>) -> Result<Vec<String>, InventoryError> {
    texts(xml, name, child).map_err(|_| InventoryError::Unreadable)
}

/// The members of a list, each with the texts of some of its elements; an element that is missing is empty.
pub(crate) fn records<const N: usize>(
    xml: &str,
    list: &str,
    elements: [&str; N],
) -> Result<Vec<[String; N]>, InventoryError> {
    fn collect<const N: usize>(
        within: &mut ScopedDecoder<'_, '_>,
        list: &str,
        elements: [&str; N],
        found: &mut Vec<[String; N]>,
    ) -> Result<(), XmlDecodeError> {
        while let Some(mut tag) = within.next_tag() {
            if tag.start_el().local() != list {
                collect(&mut tag, list, elements, found)?;
                continue;
            }
            while let Some(mut member) = tag.next_tag() {
                let mut record = [const { String::new() }; N];
                while let Some(mut element) = member.next_tag() {
                    let position = elements.iter().position(|name| *name == element.start_el().local());
                    if let Some(text) = position.and_then(|at| record.get_mut(at)) {
                        *text = try_data(&mut element)?.into_owned();
                    }
                }
                found.push(record);
            }
        }
        Ok(())
    }
    let read = || {
        let mut document = Document::new(xml);
        let mut found = Vec::new();
        collect(&mut document.root_element()?, list, elements, &mut found)?;
        Ok::<_, XmlDecodeError>(found)
    };
    read().map_err(|_| InventoryError::Unreadable)
}

/// The texts of all elements of a name, or of their children of another one.
fn texts(xml: &str, name: &str, child: Option<&str>) -> Result<Vec<String>, XmlDecodeError> {
    fn collect(
        within: &mut ScopedDecoder<'_, '_>,
        name: &str,
        child: Option<&str>,
        found: &mut Vec<String>,
    ) -> Result<(), XmlDecodeError> {
        while let Some(mut tag) = within.next_tag() {
            match (tag.start_el().local() == name, child) {
                (true, None) => found.push(try_data(&mut tag)?.into_owned()),
                (true, Some(child)) => collect(&mut tag, child, None, found)?,
                (false, _) => collect(&mut tag, name, child, found)?,
            }
        }
        Ok(())
    }
    let mut document = Document::new(xml);
    let mut found = Vec::new();
    collect(&mut document.root_element()?, name, child, &mut found)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_the_names_of_their_elements() {
        let provider = "<GetOpenIDConnectProviderResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
            <GetOpenIDConnectProviderResult><ThumbprintList><member>t</member></ThumbprintList><Url>u</Url>\
            <ClientIDList><member>a &amp; b</member><member>c</member></ClientIDList></GetOpenIDConnectProviderResult>\
            </GetOpenIDConnectProviderResponse>";
        assert_eq!(all(provider, "ClientIDList", Some("member")).unwrap(), ["a & b", "c"]);
        assert_eq!(first(provider, "Url").unwrap(), "u");
        assert_eq!(first(provider, "Arn"), Err(InventoryError::Unreadable));
        assert_eq!(first("no xml", "Arn"), Err(InventoryError::Unreadable));
    }

    #[test]
    fn members_of_a_list_are_read_with_their_elements() {
        let keys = "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>\
            <member><UserName>ci</UserName><AccessKeyId>A</AccessKeyId><Nested><Status>no</Status></Nested></member>\
            <member><Status>Active</Status><AccessKeyId>B</AccessKeyId></member></AccessKeyMetadata>\
            </ListAccessKeysResult></ListAccessKeysResponse>";
        let read = records(keys, "AccessKeyMetadata", ["AccessKeyId", "Status"]).unwrap();
        assert_eq!(read, [["A", ""], ["B", "Active"]].map(|record| record.map(str::to_owned)));
        assert_eq!(records(keys, "Tags", ["Key"]), Ok(Vec::new()));
        assert_eq!(records("no xml", "Tags", ["Key"]), Err(InventoryError::Unreadable));
    }
}
